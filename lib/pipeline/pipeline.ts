import { setTimeout as wait } from 'node:timers/promises'
import { isUnavailable } from '../database/unavailable.ts'
import type { Decoder } from '../decoder/decoder.ts'
import type { Downloader, Visit } from '../download/download.ts'
import { ImageError } from '../image/error.ts'
import type { Log } from '../log/log.ts'
import { type RetryPolicy, retryWaitMs } from '../outbox/backoff.ts'
import type { Outcome } from '../products/changes.ts'
import type { ImageRow, ProductRecord } from '../products/record.ts'
import type { ProductStore } from '../products/store.ts'
import { type ObjectStore, objectKey } from '../storage/object-store.ts'
import { type Hold, ImageLocks } from './image-locks.ts'
import type { Limiter } from './limiter.ts'
import { Snoozed } from './snoozed.ts'
import { inStage, outcomes } from './stages.ts'

export interface PipelineOptions {
  store: ProductStore
  objects: ObjectStore
  downloader: Pick<Downloader, 'download'>
  decoder: Pick<Decoder, 'compress'>
  limiter: Limiter
  retry: RetryPolicy
  jobTimeoutMs: number
  log: Log
}

const DATABASE_RETRY_MS = 1000

/** What the images that are worked on for one message have in common. */
interface Job {
  productId: number
  /** Aborts when the service stops. */
  stop: AbortSignal
  /** Aborts then, too, and when the time for the job is over. */
  signal: AbortSignal
}

/** What is owed for one product: its due images downloaded, compressed and stored, and the product told, in one commit. */
export class ImagePipeline {
  readonly #options: PipelineOptions
  /** A second message for a product leaves alone what the first has in hand. */
  readonly #inHand = new ImageLocks()

  constructor(options: PipelineOptions) {
    this.#options = options
  }

  /**
   * Processes the due images of the product; there may be none, as a message is only a hint. When `stop` aborts, or the
   * job times out before an image was begun, the image is enqueued again without counting an attempt. Rejects only when
   * the outcomes cannot be recorded.
   */
  async process(productId: number, stop: AbortSignal): Promise<void> {
    const { store } = this.#options
    const product = await this.#persist(() => store.reconciled(productId), stop)
    if (!product) return
    using hold = this.#inHand.take(dueImages(product))
    if (hold.taken.length === 0) return
    await this.#record(product, hold, await this.#attemptAll(productId, hold.taken, stop), stop)
  }

  async #record(
    product: ProductRecord,
    hold: Hold<ImageRow>,
    ended: Map<string, Outcome>,
    stop: AbortSignal
  ): Promise<void> {
    // What somebody owes again once they are recorded is nobody's here.
    hold.letGo(ended.keys())
    const commit = () => inStage('commit', product.id, () => this.#options.store.finish(product, ended))
    await this.#removeStrays(ended, await this.#persist(commit, stop))
  }

  async #attemptAll(
    productId: number,
    due: readonly ImageRow[],
    stop: AbortSignal
  ): Promise<Map<string, Outcome>> {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(this.#options.jobTimeoutMs)])
    const job = { productId, stop, signal }
    const attempts = due.map(async (image) => [image.id, await this.#attempt(image, job)] as const)
    return new Map(await Promise.all(attempts))
  }

  async #attempt(image: ImageRow, job: Job): Promise<Outcome> {
    const started = performance.now()
    const outcome = await this.#options.limiter
      .run(image.source_url, job.signal, (visit) =>
        this.#make(image, job, visit).catch((error: unknown) => this.#shortfall(image, error, job))
      )
      .catch((error: unknown) => this.#turnedAway(image, error, job))
    const details = {
      product_id: job.productId,
      image_id: image.id,
      ms: Math.round(performance.now() - started),
      ...outcome
    }
    this.#options.log[outcome.status === 'failed' ? 'warn' : 'info'](details, `Image ${outcome.status}`)
    outcomes.publish(outcome)
    return outcome
  }

  async #make(image: ImageRow, { productId, signal }: Job, visit: Visit): Promise<Outcome> {
    const key = objectKey(productId, image.id)
    const { jpeg, ...sizes } = await this.#compressed(image.source_url, { productId, signal }, visit)
    const url = await inStage('upload', productId, () => this.#options.objects.put(key, jpeg, signal))
    return { status: 'done', object_key: key, url, ...sizes, bytes: jpeg.length }
  }

  /** The source is given back when it is compressed and not when the job is aborted: that does not end what reads it. */
  async #compressed(
    sourceUrl: string,
    { productId, signal }: Pick<Job, 'productId' | 'signal'>,
    visit: Visit
  ) {
    const { downloader, decoder, limiter } = this.#options
    using source = await inStage('download', productId, () => downloader.download(sourceUrl, signal, visit))
    const { bytes } = source
    const compressed = await limiter.compute(() => {
      signal.throwIfAborted()
      return inStage('compress', productId, () => decoder.compress(bytes, signal))
    })
    return { ...compressed, source_bytes: bytes.length }
  }

  #turnedAway(image: ImageRow, error: unknown, { signal }: Job): Outcome {
    if (error instanceof Snoozed) return { status: 'snoozed', wait_ms: error.waitMs }
    if (signal.aborted) return INTERRUPTED
    return this.#failure(image, error)
  }

  /** An image that had begun when the time was over has used an attempt: else one that takes longer has no end. */
  #shortfall(image: ImageRow, error: unknown, { stop, signal }: Job): Outcome {
    if (error instanceof Snoozed) throw error
    if (stop.aborted) return INTERRUPTED
    const tooSlow = signal.aborted && !(error instanceof ImageError)
    return this.#failure(image, tooSlow ? jobTimeout(this.#options.jobTimeoutMs) : error)
  }

  #failure(image: ImageRow, error: unknown): Outcome {
    const { log, retry } = this.#options
    if (!(error instanceof ImageError) || error.cause)
      log.debug({ err: error, image_id: image.id }, 'Why an image failed')
    const failure =
      error instanceof ImageError
        ? error
        : new ImageError('internal', 'The image could not be processed because of an error in the service.', {
            transient: true
          })
    const { code, message: detail } = failure
    const attempt = image.attempts + 1
    if (!failure.transient || attempt >= retry.maxAttempts) return { status: 'failed', code, detail }
    return { status: 'retry', code, detail, wait_ms: retryWaitMs(retry, attempt, failure.retryAfterMs) }
  }

  /** Objects whose image was removed while it was made. */
  async #removeStrays(outcomes: Map<string, Outcome>, kept: string[]): Promise<void> {
    for (const [id, outcome] of outcomes) {
      if (outcome.status !== 'done' || kept.includes(id)) continue
      const { objects, log } = this.#options
      const key = outcome.object_key
      // Who removed the image owes the removal of its object, too: a store that fails now is no reason to do all of it again.
      await objects
        .remove(key)
        .catch((error: unknown) => log.warn({ err: error, key }, 'An object without an image stays for now'))
    }
  }

  /** A database that is away is waited for: the work is done, and handing the message back would do it twice. */
  async #persist<T>(statement: () => Promise<T>, stop: AbortSignal): Promise<T> {
    for (;;) {
      try {
        return await statement()
      } catch (error) {
        if (!isUnavailable(error) || stop.aborted) throw error
        this.#options.log.warn({ err: error }, 'The database is away; trying again')
        await wait(DATABASE_RETRY_MS, undefined, { signal: stop }).catch(() => undefined)
      }
    }
  }
}

const INTERRUPTED: Outcome = { status: 'interrupted', wait_ms: 0 }

const jobTimeout = (ms: number) =>
  new ImageError('timeout', `The image was not finished within ${ms / 1000} seconds.`, { transient: true })

const dueImages = ({ images, read_at }: ProductRecord) =>
  images.filter(({ status, due_at }) => status === 'pending' && Date.parse(due_at) <= read_at.getTime())
