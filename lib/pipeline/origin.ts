import { ImageError } from '../image/error.ts'

/** Failures in a row that open the breaker. */
const FAILURES_TO_OPEN = 5
/** Each failed probe makes the pause before the next one longer by this, up to MAX_PAUSE_MS. */
const PAUSE_MS = 5000
const MAX_PAUSE_MS = 15_000
/**
 * Images wait for a failing origin for so long without an attempt; then they fail with it, attempt by
 * attempt.
 */
const PATIENCE_MS = 60_000

/** An average download that takes longer makes its origin slow. */
const SLOW_MS = 5000
/** Weight of the latest download in the average. */
const WEIGHT = 0.2

const MIN_SNOOZE_MS = 2000
const MAX_SNOOZE_MS = 60_000

export type BreakerState = 'closed' | 'open' | 'half_open'

/**
 * How the downloads from one registrable domain end: their pace, and a circuit breaker. Closed, it lets every
 * download pass. Open, after failures in a row, it lets none pass until a pause is over. Then it is half open
 * and lets one pass at a time, whose end closes it or opens it again. Times are those of a monotonic clock.
 */
export class Origin {
  #averageMs = 0
  #failures = 0
  #failingSince = 0
  #lastFailure: ImageError | null = null
  #pauseMs = 0
  #pausedUntil = 0
  #nextReturn = 0

  state(now: number): BreakerState {
    if (this.#failures < FAILURES_TO_OPEN) return 'closed'
    return now < this.#pausedUntil ? 'open' : 'half_open'
  }

  /** Whether it is slow or failing, and so shares its places with all others that are. */
  get isTroubled(): boolean {
    return this.#failures > 0 || this.#averageMs > SLOW_MS
  }

  responded(ms: number): void {
    this.#average(ms)
    this.#failures = 0
    this.#pauseMs = 0
    this.#pausedUntil = 0
  }

  failed(ms: number, failure: ImageError, now: number): void {
    this.#average(ms)
    if (this.#failures++ === 0) this.#failingSince = now
    this.#lastFailure = failure
    // What began before the breaker opened is no probe.
    if (this.state(now) !== 'half_open') return
    this.#pauseMs = Math.min(this.#pauseMs + PAUSE_MS, MAX_PAUSE_MS)
    this.#pausedUntil = now + this.#pauseMs
  }

  /**
   * Returns after how long an image should return that finds none of `places` free: images return one after
   * the other, at the pace of the origin. The times are whole seconds, so that images of one product return
   * together.
   */
  snoozeMs(places: number, now: number): number {
    const earliest = Math.max(this.#nextReturn, now + MIN_SNOOZE_MS, this.#pausedUntil)
    this.#nextReturn = Math.min(earliest + this.#averageMs / places, now + MAX_SNOOZE_MS)
    const longest = MAX_SNOOZE_MS * (1 - Math.random() / 2)
    return Math.ceil(Math.min(earliest - now, longest) / 1000) * 1000
  }

  /** Returns why an image of this origin fails now, null while it should wait for the breaker to close. */
  failure(now: number): ImageError | null {
    if (!this.#lastFailure || now - this.#failingSince < PATIENCE_MS) return null
    return new ImageError(
      this.#lastFailure.code,
      'All requests to the server have failed for more than a minute.',
      {
        transient: true,
        // Time for a probe, so that no image fails for good because of a server that is back.
        retryAfterMs: this.snoozeMs(1, now),
        cause: this.#lastFailure
      }
    )
  }

  #average(ms: number): void {
    this.#averageMs = this.#averageMs === 0 ? ms : this.#averageMs + WEIGHT * (ms - this.#averageMs)
  }
}
