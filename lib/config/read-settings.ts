import { Ajv, type ErrorObject } from 'ajv'
import { ConfigError } from './error.ts'
import { Settings } from './settings.ts'

export type Variables = Record<string, string | undefined>

/** Returns the settings with their defaults and types. Empty or blank means not set. */
export function readSettings(variables: Variables): Settings {
  const known = Object.keys(Settings.properties)
  const data = Object.fromEntries(
    known.map((name) => [name, variables[name]]).filter(([, value]) => value?.trim())
  )
  const settings: Record<string, unknown> = { ...data }
  // With strictNumbers Ajv ignores Infinity instead of comparing it with the maximum. A test checks the
  // schema itself: to do so here would cost 3% of a start. Code that runs once is not worth optimizing.
  const ajv = new Ajv({
    coerceTypes: true,
    useDefaults: true,
    strictNumbers: false,
    validateSchema: false,
    code: { optimize: false }
  })
  if (ajv.validate<Settings>(Settings, settings)) return settings
  throw new ConfigError((ajv.errors ?? []).map((error) => explain(error, data)).join('; '))
}

function explain({ instancePath, message, params }: ErrorObject, data: Variables): string {
  const name = instancePath.slice(1)
  const allowed = 'allowedValues' in params ? `: ${String(params.allowedValues).replaceAll(',', ', ')}` : ''
  return `${name}=${data[name]} cannot be used: it ${message}${allowed}`
}
