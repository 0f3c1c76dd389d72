import type { Visit } from '../download/download.ts'
import type { Locate } from '../egress/locate.ts'
import { ImageError } from '../image/error.ts'
import { currentAttempt } from '../log/attempt-trace.ts'
import { OWN_STORE } from '../uploads/stored.ts'
import type { Capacity } from './capacity.ts'
import { Cores } from './cores.ts'
import { watchEventLoop } from './event-loop.ts'
import { type Destination, Origins, type RuleOf } from './origins.ts'
import { Places } from './places.ts'
import { StoreBreaker } from './store-breaker.ts'
import { Turns } from './turns.ts'

/** Where an image comes from, and for whom it is processed. */
export interface Request {
  /** Null where our own store has it. */
  sourceUrl: string | null
  userId: number
}

export interface LimiterOptions {
  capacity: Capacity
  locate: Locate
  /** Images uploaded at once. Default: no limit. */
  uploads?: number | undefined
  /** Default: one that nobody listens to. */
  store?: StoreBreaker
  /** Default: no rules. */
  ruleOf?: RuleOf
  /** A monotonic clock in milliseconds. */
  now?: () => number
  /** Returns the part of the time since its last call in which the event loop was busy. */
  loop?: () => number
}

/**
 * Keeps the cores busy, and no image waiting because of other users' or other origins' images.
 *
 * Of all places one origin (a registrable domain, or the network of an address) has at most three quarters,
 * all slow and failing origins together at most half. An origin that fails all the time gets a circuit
 * breaker.
 */
export class Limiter {
  readonly #locate: Locate
  readonly #now: () => number
  readonly #origins: Origins
  readonly #cores: Cores
  readonly #places: Places
  readonly #uploads: Turns
  readonly #store: StoreBreaker

  constructor({
    capacity,
    locate,
    uploads = Number.POSITIVE_INFINITY,
    store = new StoreBreaker(),
    ruleOf = () => undefined,
    now = () => performance.now(),
    loop = watchEventLoop()
  }: LimiterOptions) {
    this.#locate = locate
    this.#now = now
    this.#origins = new Origins(ruleOf)
    this.#cores = new Cores(capacity.compress, now)
    this.#places = new Places(capacity.inFlight, this.#cores, this.#origins, now, loop)
    this.#uploads = new Turns(uploads)
    this.#store = store
  }

  /**
   * Runs `work`, from the download to the end of the upload, while it holds a place. The downloader reports
   * to `visit`. Rejects with Snoozed if the image should be retried later, with an ImageError if its origin
   * keeps failing, with the signal's reason if that aborts before `work` begins, or with the error of `work`.
   */
  async run<T>(
    { sourceUrl, userId }: Request,
    signal: AbortSignal,
    work: (visit: Visit) => Promise<T>
  ): Promise<T> {
    const destination = this.#origins.destination(
      sourceUrl === null ? OWN_STORE : await this.#locate(sourceUrl)
    )
    signal.throwIfAborted()
    await this.#places.take(userId, destination, signal)
    const visit = this.#visit(destination)
    try {
      const result = await work(visit)
      visit.count()
      return result
    } catch (error) {
      if (error instanceof ImageError) visit.count(error)
      throw error
    } finally {
      visit.end()
      this.#places.release(userId)
    }
  }

  /** Runs `work` on a core. It calls `begun` when it starts to use it. */
  compute<T>(userId: number, work: (begun: () => void) => Promise<T>): Promise<T> {
    this.#places.adjust()
    const asked = this.#now()
    return this.#cores.run(userId, (begun) => {
      currentAttempt()?.add('core_wait_ms', this.#now() - asked)
      return work(begun)
    })
  }

  /**
   * Runs `work`, which uploads one image, when it is the user's turn and the breaker of the store admits it.
   * Rejects with StoreDown if the store takes no images.
   */
  async upload<T>(userId: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const release = await this.#uploads.take(userId)
    try {
      return await this.#store.run(signal, work)
    } finally {
      release()
    }
  }

  /** To be called when `ruleOf` returns something else. */
  rulesChanged(): void {
    this.#places.refuse()
    this.#places.schedule()
  }

  /** Returns what is known about the origins of the last minutes. */
  origins() {
    return this.#origins.figures(this.#now())
  }

  /** Returns how many origins' breakers are in each state, and what the places are used for. */
  figures() {
    const { downloads, troubled } = this.#origins
    const { held, free } = this.#places
    return {
      breakers: this.#origins.breakers(this.#now()),
      places: {
        downloading: downloads - troubled,
        downloading_troubled: troubled,
        processing: held - downloads,
        free
      }
    }
  }

  #visit(first: Destination): Visit & { end(): void; count(error?: ImageError): void } {
    let destination = first
    let hasFailed = false
    let since = this.#now()
    const responded = () => {
      destination.origin.responded(this.#now() - since)
      end()
    }
    const end = () => {
      this.#origins.leave(destination)
      this.#places.schedule()
    }
    return {
      responded,
      failed: (failure) => {
        hasFailed = isOfOrigin(failure)
        if (!isOutage(failure)) return responded()
        const now = this.#now()
        destination.origin.failed(now - since, failure, now)
        this.#places.refuse()
        end()
      },
      redirected: async (url) => {
        const next = this.#origins.destination(await this.#locate(url))
        this.#places.assertAdmitted(next)
        this.#origins.enter(next)
        destination = next
        since = this.#now()
      },
      // The wrong status is a response, too.
      count: (error) => destination.origin.ended(hasFailed || error?.code === 'http_status', this.#now()),
      end
    }
  }
}

/** Whether the origin is to blame, and not the image. */
const isOutage = ({ code, transient }: ImageError) =>
  code === 'timeout' || (code === 'unreachable' && transient)

/** Whether the origin did not send the file, whatever the file would have been. */
const isOfOrigin = ({ code }: ImageError) => code === 'timeout' || code === 'unreachable'
