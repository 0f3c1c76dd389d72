import pLimit, { type LimitFunction } from 'p-limit'
import type { Capacity } from './capacity.ts'
import { HostLimiter } from './host-limiter.ts'

/** How long an image waits for its turn before it is asked whether there should be more turns. */
const TURN_PATIENCE_MS = 250

/** How long an image waits for a host that is busy with others of its images. */
const HOST_PATIENCE_MS = 2000

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

  /** From the download to the end of the upload. Rejects with HostBusy when the host has too many images in work. */
  image<T>(host: string, work: () => Promise<T>): Promise<T> {
    return this.#hosts.run(host, () => {
      const impatience = setTimeout(() => this.#adjust(), TURN_PATIENCE_MS)
      return this.#images(() => {
        clearTimeout(impatience)
        return work()
      })
    })
  }

  /** On a core. */
  compress<T>(work: () => Promise<T>): Promise<T> {
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
