/**
 * `origin_busy`: other images have its places. `origin_down`: its circuit breaker is open. `origin_paused`:
 * an operator has paused it.
 */
export type SnoozeCode = 'origin_busy' | 'origin_down' | 'origin_paused'

/** The image should be processed again in `waitMs`; no attempt is counted. */
export class Snoozed extends Error {
  override readonly name = 'Snoozed'
  readonly code: SnoozeCode
  readonly waitMs: number

  constructor(code: SnoozeCode, waitMs: number) {
    super(`Snoozed for ${waitMs} ms: ${code}`)
    this.code = code
    this.waitMs = waitMs
  }
}
