import { requestOfJob } from './context.ts'

/** Options for pino. */
export const loggerOptions = ({ LOG_LEVEL }: { LOG_LEVEL: string }) => ({
  level: LOG_LEVEL,
  mixin: requestOfJob
})

/** What lib/ needs of a pino logger. */
export interface Log {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}
