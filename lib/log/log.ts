import { requestOfJob } from './context.ts'

/** Options for pino. */
export const loggerOptions = (level: string) => ({
  level,
  mixin: requestOfJob
})

/** What lib/ needs of a pino logger. */
export interface Log {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** Returns why, in words. An AggregateError, as of a name with several addresses, has no message of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? error.message || error.name : String(error)
}
