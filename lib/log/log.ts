import { requestOfJob } from './context.ts'

/** Options for pino. */
export const loggerOptions = (level: string) => ({
  level,
  mixin: requestOfJob
})

/** The part of a pino logger that lib/ uses. */
export interface Log {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** Returns the message. An AggregateError, as of a host with several addresses, has none of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? error.message || error.name : String(error)
}
