import { requestOfJob } from './context.ts'

/** Options for pino. */
export const loggerOptions = (level: string) => ({
  level,
  mixin: requestOfJob
})

/** A transport that prints readable lines, for a terminal. */
export const readable = (destination: 1 | 2) => ({
  target: 'pino-pretty',
  options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l', destination }
})

/** The part of a pino logger that lib/ uses. */
export interface Log {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** Returns the message. Those of a host with several addresses, and of fetch, are inside. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  if (error instanceof TypeError && error.cause) return `${error.message}: ${reasonOf(error.cause)}`
  return error instanceof Error ? error.message || error.name : String(error)
}
