import type { Decoder } from '../decoder/decoder.ts'
import type { Downloader, Visit } from '../download/download.ts'
import { ImageError } from '../image/error.ts'
import type { Log } from '../log/log.ts'
import { type RetryPolicy, retryWaitMs } from '../outbox/backoff.ts'
import type { Outcome } from '../products/changes.ts'
import type { ImageRow } from '../products/record.ts'
import { objectKey } from '../storage/object-key.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { Limiter } from './limiter.ts'
import { Snoozed } from './snoozed.ts'
import { inStage } from './stages.ts'

export interface MakerOptions {
  objects: ObjectStore
  downloader: Pick<Downloader, 'download'>
  decoder: Pick<Decoder, 'compress'>
  limiter: Limiter
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

/** How far an attempt has come. */
interface Progress {
  begun: boolean
  object_key?: string
}

/** Makes one image: downloads it, compresses it, stores it. */
export class ImageMaker {
  readonly #options: MakerOptions

  constructor(options: MakerOptions) {
    this.#options = options
  }

  /** Resolves with the outcome, whatever happens. */
  async make(image: ImageRow, job: Job): Promise<Outcome> {
    const progress: Progress = { begun: false }
    try {
      const make = (visit: Visit) => this.#make(image, job, visit, progress)
      return await this.#options.limiter.run(
        { sourceUrl: image.source_url, userId: job.userId },
        job.signal,
        make
      )
    } catch (error) {
      const { object_key } = progress
      return { ...this.#outcomeOf(error, image, job, progress), ...(object_key && { object_key }) }
    }
  }

  async #make(image: ImageRow, job: Job, visit: Visit, progress: Progress): Promise<Outcome> {
    progress.begun = true
    const { productId, signal } = job
    const { jpeg, ...sizes } = await this.#compressed(image.source_url, job, visit)
    const key = objectKey(productId, image, jpeg)
    progress.object_key = key
    const url = await inStage('upload', productId, () => this.#options.objects.put(key, jpeg, signal))
    return { status: 'done', object_key: key, url, ...sizes, bytes: jpeg.length }
  }

  /** Keeps the source's buffer until nothing reads it any more, even if the job is aborted earlier. */
  async #compressed(sourceUrl: string, { productId, userId, signal }: Job, visit: Visit) {
    const { downloader, decoder, limiter } = this.#options
    using source = await inStage('download', productId, () => downloader.download(sourceUrl, signal, visit))
    const { bytes } = source
    const compressed = await limiter.compute(userId, (begun) => {
      signal.throwIfAborted()
      return inStage('compress', productId, () => decoder.compress(bytes, signal, begun))
    })
    return { ...compressed, source_bytes: bytes.length }
  }

  /**
   * An interruption costs no attempt. A job timeout costs one only if the image had been started; without
   * that rule, an image that is always too slow would be retried forever.
   */
  #outcomeOf(error: unknown, image: ImageRow, { stop, signal }: Job, { begun }: Progress): Outcome {
    if (error instanceof Snoozed) return { status: 'snoozed', code: error.code, wait_ms: error.waitMs }
    if (stop.aborted || (signal.aborted && !begun)) return { status: 'interrupted', wait_ms: 0 }
    const { log, retry, jobTimeoutMs } = this.#options
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
