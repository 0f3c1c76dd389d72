import { UserCounts } from '../outbox/user-counts.ts'
import type { Cores } from './cores.ts'
import type { Destination, Origins } from './origins.ts'
import { Snoozed } from './snoozed.ts'
import { type Waiting, WaitingImages } from './waiting.ts'

/** Interval at which places are added for waiting images, or images are snoozed. */
const TICK_MS = 250
/**
 * An event loop that is busier than SATURATED gains nothing from more images: each only takes longer.
 * Measured with tiny images: 48 at once took 300 ms each, at the same rate as six.
 */
const SATURATED = 0.9
/** Below this, more images at once bring a higher rate. */
const SPARE = 0.7
/** An image waits this long for its origin before it is snoozed. */
const PATIENCE_MS = 2000

/**
 * The places for images in progress, each held from the download to the end of the upload. There are more of
 * them while cores are idle, and fewer while images in memory wait for a core.
 */
export class Places {
  readonly #max: number
  readonly #cores: Cores
  readonly #origins: Origins
  readonly #now: () => number
  readonly #loop: () => number
  readonly #waiting = new WaitingImages()
  readonly #users = new UserCounts()
  #count: number
  #held = 0
  #arrivals = 0
  #utilization = 0
  #timer: NodeJS.Timeout | undefined

  constructor(max: number, cores: Cores, origins: Origins, now: () => number, loop: () => number) {
    this.#max = max
    this.#cores = cores
    this.#origins = origins
    this.#now = now
    this.#loop = loop
    this.#count = this.#min
  }

  get held(): number {
    return this.#held
  }

  get free(): number {
    return Math.max(0, this.#count - this.#held)
  }

  /**
   * Resolves once the image has a place and may be downloaded. Rejects with Snoozed or an ImageError if its
   * origin is refused now, or with the signal's reason.
   */
  async take(userId: number, destination: Destination, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting = { userId, destination, since: this.#now(), arrival: this.#arrivals++, resolve, reject }
    const abort = () => this.#reject(waiting, signal.reason)
    signal.addEventListener('abort', abort)
    this.#waiting.add(waiting)
    this.#refuse(waiting)
    this.schedule()
    await promise.finally(() => signal.removeEventListener('abort', abort))
  }

  /** Throws when the download of an image that has a place may not go on to `destination`. */
  assertAdmitted(destination: Destination): void {
    const now = this.#now()
    const refusal = this.#origins.refusal(destination, now)
    if (refusal) throw refusal
    if (!this.#origins.admits(destination, this.#count, now)) throw this.#snoozed(destination)
  }

  release(userId: number): void {
    this.#held--
    this.#users.change(userId, -1)
    this.schedule()
  }

  /** Adjusts the number of places before an image asks for a core. */
  adjust(): void {
    const { queued, count } = this.#cores
    if (queued === 0 && this.#utilization < SPARE) this.#count = Math.min(this.#count + 1, this.#max)
    else if (queued > count) this.#count = Math.max(this.#count - 1, this.#min)
  }

  /**
   * Fills free places, first with an image of the user that holds the fewest, then with one whose origin has
   * the fewest downloads, then in order of arrival. Once all are taken, users without a place share as many
   * more as there are cores: they need not wait for an image of another user to end.
   */
  schedule(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      this.#waiting.delete(next)
      this.#held++
      this.#users.change(next.userId, 1)
      this.#origins.enter(next.destination)
      next.resolve()
    }
    if (this.#waiting.isEmpty) {
      clearInterval(this.#timer)
      this.#timer = undefined
    } else this.#timer ??= setInterval(() => this.#tick(), TICK_MS)
  }

  /** Rejects the images that wait for an origin whose breaker is open. */
  refuse(): void {
    for (const waiting of this.#waiting) this.#refuse(waiting)
  }

  #refuse(waiting: Waiting): void {
    const refusal = this.#origins.refusal(waiting.destination, this.#now())
    if (refusal) this.#reject(waiting, refusal)
  }

  #next(): Waiting | undefined {
    const isAnyFree = this.#held < this.#count
    if (this.#held >= this.#count + this.#cores.count) return undefined
    let next: Waiting | undefined
    let fewest = Number.POSITIVE_INFINITY
    let least = Number.POSITIVE_INFINITY
    for (const waiting of this.#waiting.first()) {
      const held = this.#users.of(waiting.userId)
      if (held > fewest || (!isAnyFree && held > 0)) continue
      const load = this.#origins.load(waiting.destination)
      const isLater = next && (load > least || (load === least && waiting.arrival > next.arrival))
      if (held === fewest && isLater) continue
      if (!this.#origins.admits(waiting.destination, this.#count, this.#now())) continue
      next = waiting
      fewest = held
      least = load
    }
    return next
  }

  #tick(): void {
    this.#utilization = this.#loop()
    if (this.#utilization > SATURATED) this.#count = Math.max(Math.floor(this.#count / 2), this.#min)
    else if (this.#cores.queued === 0 && this.#utilization < SPARE)
      this.#count = Math.min(2 * this.#count, this.#max)
    this.refuse()
    this.schedule()
    // Snoozing frees the place of this image's message for a message whose images need not wait.
    if (this.#held < this.#count && this.#cores.idleMs >= PATIENCE_MS) this.#snooze()
  }

  #snooze(): void {
    const now = this.#now()
    for (const waiting of this.#waiting) {
      if (now - waiting.since < PATIENCE_MS) continue
      this.#reject(waiting, this.#snoozed(waiting.destination))
    }
  }

  #snoozed({ origin }: Destination): Snoozed {
    return new Snoozed('origin_busy', origin.snoozeMs(this.#count, this.#now()))
  }

  #reject(waiting: Waiting, reason: unknown): void {
    if (this.#waiting.delete(waiting)) waiting.reject(reason)
  }

  /** Two a core: one image is downloaded while the one before is computed. */
  get #min(): number {
    return 2 * this.#cores.count
  }
}
