import { ImageError } from '../image/error.ts'
import { Recent } from './recent.ts'

/** Failures in a row that open the breaker. */
const FAILURES_TO_OPEN = 5
/** Each failed probe lengthens the pause before the next one by this much, up to MAX_PAUSE_MS. */
const PAUSE_MS = 5000
const MAX_PAUSE_MS = 15_000
/**
 * Images of a failing origin are snoozed this long at no cost. After that, each attempt counts as a failure.
 */
const PATIENCE_MS = 60_000

/** An origin is slow if its average download takes longer. */
const SLOW_MS = 5000
/** Weight of the latest download in the average. */
const WEIGHT = 0.2

const MIN_SNOOZE_MS = 2000
const MAX_SNOOZE_MS = 60_000

export type BreakerState = 'closed' | 'open' | 'half_open'

/**
 * Tracks the downloads from one registrable domain: their pace, and a circuit breaker. Closed: all downloads
 * pass. Open, after repeated failures: none passes until a pause is over. Half-open: one passes at a time,
 * and its result closes or reopens the breaker. Times are from a monotonic clock.
 */
export class Origin {
  #averageMs = 0
  #failures = 0
  #failingSince = 0
  #lastFailure: ImageError | null = null
  #pauseMs = 0
  #pausedUntil = 0
  #nextReturn = 0
  readonly #images = new Recent()
  readonly #failedImages = new Recent()

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
    // A download that began before the breaker opened is not a probe.
    if (this.state(now) !== 'half_open') return
    this.#pauseMs = Math.min(this.#pauseMs + PAUSE_MS, MAX_PAUSE_MS)
    this.#pausedUntil = now + this.#pauseMs
  }

  /** Counts an image of this origin. Only `figures` uses these counts. */
  ended(hasFailed: boolean, now: number): void {
    this.#images.add(now)
    if (hasFailed) this.#failedImages.add(now)
  }

  /** Returns rates per minute, as means of about the last ten. */
  figures(now: number) {
    return {
      requests: this.#images.rate(now),
      failures: this.#failedImages.rate(now),
      latencyMs: this.#averageMs,
      breaker: this.state(now)
    }
  }

  /**
   * Returns how long to snooze an image that finds none of `places` free. Images return one by one, at the
   * pace of the origin. Times are rounded up to seconds, so that images of one product return together.
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
