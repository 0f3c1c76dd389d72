import pLimit, { type LimitFunction } from 'p-limit'
import type { Capacity } from './capacity.ts'
import { HostBusy, HostLimiter } from './host-limiter.ts'

/** How long an image waits for its turn before it is asked whether there should be more turns. */
const TURN_PATIENCE_MS = 250

const SNOOZE_MS = 5000

/** How long an image waits for a host that is busy with others of its images. */
const HOST_PATIENCE_MS = 2000

/** The image should be processed again in `waitMs`; no attempt is counted. */
export class Snoozed extends Error {
  override readonly name = 'Snoozed'
  readonly waitMs: number

  constructor(waitMs: number) {
    super(`Snoozed for ${waitMs} ms`)
    this.waitMs = waitMs
  }
}

/**
 * Who may work when. Waiting (for origins and the store) and computing are bounded apart: there are as many images on their
 * way as it takes to keep the cores busy, whether origins are slow or fast, and no more lie in memory than that.
 */
export class Limiter {
  readonly #capacity: Capacity
  readonly #hosts: HostLimiter
  readonly #images: LimitFunction
  readonly #cores: LimitFunction

  /** `othersWait`: whether there may be images of other hosts that could not even be begun. */
  constructor(capacity: Capacity, othersWait: () => boolean) {
    this.#capacity = capacity
    this.#images = pLimit(2 * capacity.compress)
    this.#cores = pLimit(capacity.compress)
    const hasRoom = () => this.#cores.activeCount < capacity.compress && othersWait()
    this.#hosts = new HostLimiter({ width: capacity.perHost, maxWaitMs: HOST_PATIENCE_MS, hasRoom })
  }

  /**
   * Runs `work`, from the download to the end of the upload, in a place of its own. Rejects with Snoozed when the origin
   * of `sourceUrl` has no place free, with the signal's reason when it aborts before `work` begins.
   */
  run<T>(sourceUrl: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const turn = () => {
      const impatience = setTimeout(() => this.#adjust(), TURN_PATIENCE_MS)
      return this.#images(() => {
        clearTimeout(impatience)
        signal.throwIfAborted()
        return work()
      })
    }
    return this.#hosts.run(hostOf(sourceUrl), turn).catch((error: unknown) => {
      throw error instanceof HostBusy ? new Snoozed(SNOOZE_MS * (1 + Math.random())) : error
    })
  }

  /** Runs `work` on a core. */
  compute<T>(work: () => Promise<T>): Promise<T> {
    this.#adjust()
    return this.#cores(work)
  }

  /** More images on their way while cores wait for them, fewer while they wait for cores and hold memory. */
  #adjust(): void {
    const { compress, inFlight } = this.#capacity
    const waiting = this.#cores.pendingCount
    if (waiting === 0) this.#images.concurrency = Math.min(this.#images.concurrency + 1, inFlight)
    else if (waiting > compress)
      this.#images.concurrency = Math.max(this.#images.concurrency - 1, 2 * compress)
  }
}

/** Whichever port it is asked on, with or without the root's dot: else one host has a lane for each spelling. */
const hostOf = (url: string) => URL.parse(url)?.hostname.replace(/\.$/, '') ?? ''
