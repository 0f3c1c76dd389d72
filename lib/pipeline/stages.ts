import { channel, tracingChannel } from 'node:diagnostics_channel'
import type { Outcome } from '../products/changes.ts'

export type Stage = 'download' | 'compress' | 'upload' | 'commit'

export interface StageContext {
  stage: Stage
  productId: number
}

/** Where an image's work can be watched: each stage as it starts and ends. Costs nothing while nobody does. */
export const stages = tracingChannel<StageContext>('asyncprod:stage')

/** What became of each attempt at an image. */
export const outcomes = channel('asyncprod:outcome')

export function inStage<T>(stage: Stage, productId: number, work: () => Promise<T>): Promise<T> {
  return stages.tracePromise(work, { stage, productId })
}

export const isOutcome = (message: unknown): message is Outcome =>
  typeof message === 'object' && message !== null && 'status' in message
