import type { Decoder } from '../decoder/decoder.ts'
import type { Downloader, Visit } from '../download/download.ts'
import { ImageError } from '../image/error.ts'
import type { Rendition } from '../image/rendition.ts'
import type { Log } from '../log/log.ts'
import { type RetryPolicy, retryWaitMs } from '../outbox/backoff.ts'
import type { Outcome } from '../products/changes.ts'
import type { ImageRow } from '../products/record.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { Limiter } from './limiter.ts'
import { Snoozed } from './snoozed.ts'
import { inStage } from './stages.ts'
import { objectsOf, storeImage } from './store-image.ts'

export interface MakerOptions {
  objects: Pick<ObjectStore, 'put'>
  downloader: Pick<Downloader, 'download'>
  decoder: Pick<Decoder, 'compress'>
  limiter: Limiter
  /** Those that `decoder` makes. */
  renditions: Rendition[]
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

/** How far an attempt has come, in times of the monotonic clock. */
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

  constructor(options: MakerOptions) {
    this.#options = options
  }

  /** Resolves with the outcome, whatever happens. */
  async make(image: ImageRow, job: Job): Promise<Outcome> {
    const progress: Progress = { begunAt: Number.POSITIVE_INFINITY, waitedMs: 0 }
    try {
      const make = (visit: Visit) => this.#make(image, job, visit, progress)
      return await this.#options.limiter.run(
        { sourceUrl: image.source_url, userId: job.userId },
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
    const { objects, limiter, renditions } = this.#options
    const compressed = await this.#compressed(image.source_url, job, visit, progress)
    const { width, height, placeholder, source_bytes } = compressed
    const made = objectsOf(productId, image, compressed, renditions)
    const stored = [made.main, ...made.renditions].map(({ key }) => key)
    progress.stored = stored
    const compressedAt = performance.now()
    const columns = await limiter.upload(userId, () => {
      progress.waitedMs += performance.now() - compressedAt
      return inStage('upload', productId, () => storeImage(objects, made, signal))
    })
    return { status: 'done', width, height, placeholder, source_bytes, ...columns, stored }
  }

  /** Keeps the source's buffer until nothing reads it any more, even if the job is aborted earlier. */
  async #compressed(sourceUrl: string, { productId, userId, signal }: Job, visit: Visit, progress: Progress) {
    const { downloader, decoder, limiter } = this.#options
    using source = await inStage('download', productId, () => downloader.download(sourceUrl, signal, visit))
    const { bytes } = source
    const downloadedAt = performance.now()
    const compressed = await limiter.compute(userId, (begun) => {
      progress.waitedMs = performance.now() - downloadedAt
      signal.throwIfAborted()
      return inStage('compress', productId, () => decoder.compress(bytes, signal, begun))
    })
    return { ...compressed, source_bytes: bytes.length }
  }

  /**
   * An interruption costs no attempt. A job timeout costs one if the image itself took half of that time:
   * without that rule, an image that is always too slow would be retried forever.
   */
  #outcomeOf(error: unknown, image: ImageRow, { stop, signal }: Job, progress: Progress): Outcome {
    if (error instanceof Snoozed) return { status: 'snoozed', code: error.code, wait_ms: error.waitMs }
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
