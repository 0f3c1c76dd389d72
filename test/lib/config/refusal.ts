import { loadConfig } from '../../../lib/config/config.ts'
import { ConfigError } from '../../../lib/config/error.ts'

export type Variables = Record<string, string>

/** The message of the error, which must be a ConfigError. */
export function refusal(variables: Variables): string {
  try {
    loadConfig(variables)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'nothing is wrong'
}
