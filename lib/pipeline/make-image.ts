import type { Decoder } from '../decoder/decoder.ts'
import type { Downloader, Visit } from '../download/download.ts'
import { ImageError } from '../image/error.ts'
import type { Log } from '../log/log.ts'
import { type RetryPolicy, retryWaitMs } from '../outbox/backoff.ts'
import type { Outcome } from '../products/changes.ts'
import type { Wanted } from '../products/current.ts'
import type { ImageRow } from '../products/record.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { ReadStored } from '../uploads/stored.ts'
import type { Limiter } from './limiter.ts'
import { type Source, SourceReader } from './read-source.ts'
import { Snoozed } from './snoozed.ts'
import { inStage } from './stages.ts'
import { StoreDown } from './store-breaker.ts'
import { listOf, objectsOf, storeImage } from './store-image.ts'

export interface MakerOptions {
  objects: Pick<ObjectStore, 'put'>
  downloader: Pick<Downloader, 'download'>
  decoder: Pick<Decoder, 'compress'>
  limiter: Limiter
  /** What `decoder` makes. */
  wanted: Wanted
  /** Null where no originals are kept. */
  readOriginal: ReadStored | null
  retry: RetryPolicy
  jobTimeoutMs: number
  log: Log
}

/** What the images that are made for one message have in common. */
export interface Job {
  productId: number
  userId: number
  /** Aborts when the service stops. */
  stop: AbortSignal
  /** Aborts when the service stops or the job times out. */
  signal: AbortSignal
}

/** How far an attempt has come. Times are of the monotonic clock. */
interface Progress {
  begunAt: number
  /** For how long it has waited for a core, and for its turn to be uploaded. */
  waitedMs: number
  /** Keys of the objects that it has begun to store. */
  stored?: string[]
}

/** Makes one image: downloads it, compresses it, stores it. */
export class ImageMaker {
  readonly #options: MakerOptions
  readonly #sources: SourceReader

  constructor(options: MakerOptions) {
    this.#options = options
    this.#sources = new SourceReader(options.downloader, options.readOriginal, options.wanted)
  }

  /** Resolves with the outcome, whatever happens. */
  async make(image: ImageRow, job: Job): Promise<Outcome> {
    const progress: Progress = { begunAt: Number.POSITIVE_INFINITY, waitedMs: 0 }
    try {
      const make = (visit: Visit) => this.#make(image, job, visit, progress)
      return await this.#options.limiter.run(
        { sourceUrl: this.#sources.isStored(image) ? null : image.source_url, userId: job.userId },
        job.signal,
        make
      )
    } catch (error) {
      const { stored } = progress
      return { ...this.#outcomeOf(error, image, job, progress), ...(stored && { stored }) }
    }
  }

  async #make(image: ImageRow, job: Job, visit: Visit, progress: Progress): Promise<Outcome> {
    progress.begunAt = performance.now()
    const { productId, userId, signal } = job
    const { objects, limiter, wanted } = this.#options
    const read = () => this.#sources.read(productId, image, signal, visit)
    const source = await inStage('download', productId, read)
    if ('code' in source) return { status: 'unchanged', ...source }
    const compressed = await this.#compressed(source, job, progress)
    const { width, height, placeholder, source_bytes, original } = compressed
    const made = objectsOf(productId, image, compressed, wanted.renditions)
    const stored = listOf(made).map(({ key }) => key)
    const compressedAt = performance.now()
    const columns = await limiter.upload(userId, signal, () => {
      progress.waitedMs += performance.now() - compressedAt
      signal.throwIfAborted()
      progress.stored = stored
      return inStage('upload', productId, () => storeImage(objects, made, signal))
    })
    // Only now: an upload that failed or was given up may still read it.
    compressed[Symbol.dispose]()
    return { status: 'done', width, height, placeholder, source_bytes, original, ...columns, stored }
  }

  /** Keeps the source's buffer until nothing reads it any more, even if the job is aborted earlier. */
  async #compressed(read: Source, { productId, userId, signal }: Job, progress: Progress) {
    using source = read
    const { bytes, original, isStored } = source
    const downloadedAt = performance.now()
    const compressed = await this.#options.limiter.compute(userId, (begun) => {
      progress.waitedMs = performance.now() - downloadedAt
      signal.throwIfAborted()
      return inStage('compress', productId, () => this.#options.decoder.compress(bytes, signal, begun))
    })
    // A copy: an upload that is given up may still read it.
    const newOriginal = original && !isStored ? { key: original.key, bytes: Buffer.from(bytes) } : null
    return { ...compressed, source_bytes: bytes.length, original, newOriginal }
  }

  /**
   * An interruption costs no attempt. A job timeout costs one if the image itself took half of that time:
   * without that rule, an image that is always too slow would be retried forever. A store that takes no
   * images costs none.
   */
  #outcomeOf(error: unknown, image: ImageRow, { stop, signal }: Job, progress: Progress): Outcome {
    if (error instanceof Snoozed) return { status: 'snoozed', code: error.code, wait_ms: error.waitMs }
    if (error instanceof StoreDown)
      return { status: 'snoozed', code: 'store_down', detail: error.message, wait_ms: error.waitMs }
    const { log, retry, jobTimeoutMs } = this.#options
    const ownMs = performance.now() - progress.begunAt - progress.waitedMs
    if (stop.aborted || (signal.aborted && ownMs < jobTimeoutMs / 2))
      return { status: 'interrupted', wait_ms: 0 }
    if (!(error instanceof ImageError) || error.cause)
      log.debug({ err: error, image_id: image.id }, 'Why an image failed')
    const failure = error instanceof ImageError ? error : signal.aborted ? jobTimeout(jobTimeoutMs) : fault()
    const { code, message: detail, transient, retryAfterMs } = failure
    const attempt = image.attempts + 1
    if (!transient || attempt >= retry.maxAttempts) return { status: 'failed', code, detail }
    return { status: 'retry', code, detail, wait_ms: retryWaitMs(retry, attempt, retryAfterMs) }
  }
}

const jobTimeout = (ms: number) =>
  new ImageError('timeout', `The image was not finished after ${ms / 1000} seconds.`, { transient: true })

const fault = () =>
  new ImageError('internal', 'The image could not be processed because of an error in the service.', {
    transient: true
  })
