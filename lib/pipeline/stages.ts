import { channel, tracingChannel } from 'node:diagnostics_channel'
import { currentAttempt } from '../log/attempt-trace.ts'
import type { Log } from '../log/log.ts'
import type { Outcome } from '../products/changes.ts'

export type Stage = 'download' | 'compress' | 'upload' | 'commit'

export interface StageContext {
  stage: Stage
  productId: number
  /** On the monotonic clock. */
  startedAt: number
}

/** Each stage of an image as it starts and ends. */
export const stages = tracingChannel<StageContext>('asyncprod:stage')

/** The outcome of each attempt at an image. */
export const outcomes = channel('asyncprod:outcome')

export function inStage<T>(stage: Stage, productId: number, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  const traced = stages.tracePromise(work, { stage, productId, startedAt })
  if (stage !== 'compress' && stage !== 'upload') return traced
  const trace = currentAttempt()
  return traced.finally(() => trace?.add(`${stage}_ms`, performance.now() - startedAt))
}

/** The level of the log line of each outcome. */
export const OUTCOME_LEVELS = {
  done: 'info',
  unchanged: 'info',
  failed: 'warn',
  retry: 'info',
  interrupted: 'info',
  snoozed: 'info'
} as const satisfies Record<Outcome['status'], keyof Log>

/**
 * Every attempt's outcome is reported here, before it is recorded: one log line, and `outcomes` for the
 * metrics. It is not recorded if the image has changed meanwhile.
 */
export function report(outcome: Outcome, details: object, log: Log): void {
  // The validators of an original hold a URL, which may hold a password.
  const shown = { ...details, ...outcome, original: undefined }
  log[OUTCOME_LEVELS[outcome.status]](shown, `Image ${outcome.status}`)
  outcomes.publish(outcome)
}

export const isOutcome = (message: unknown): message is Outcome =>
  typeof message === 'object' && message !== null && 'status' in message
