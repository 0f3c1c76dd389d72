import { channel } from 'node:diagnostics_channel'
import { usageOf } from './usage.ts'

/** Why a decoder was ended, or ended by itself (`crash`). */
export type KillReason = 'wall_clock' | 'cpu' | 'memory' | 'crash' | 'abort'

export interface DecoderKilled {
  pid: number
  reason: KillReason
}

/** Publishes each decoder that is killed, or crashes, while it decodes a picture. */
export const kills = channel('asyncprod:decoder')

export function publishKill(pid: number | undefined, reason: KillReason): void {
  kills.publish({ pid: pid ?? 0, reason } satisfies DecoderKilled)
}

export const isDecoderKilled = (message: unknown): message is DecoderKilled =>
  typeof message === 'object' && message !== null && 'reason' in message

/** The process ids of the decoders that run for this process now. */
export const runningDecoders = new Set<number>()

/** Returns the resident memory of all decoders of this process in bytes; 0 where the system does not say. */
export function decodersMemory(): number {
  return [...runningDecoders].reduce((sum, pid) => sum + (usageOf(pid)?.residentBytes ?? 0), 0)
}
