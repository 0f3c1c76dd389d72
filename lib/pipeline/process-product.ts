import { setTimeout as wait } from 'node:timers/promises'
import { isUnavailable } from '../database/unavailable.ts'
import { Deadline } from '../deadline.ts'
import { AttemptTrace, inAttempt } from '../log/attempt-trace.ts'
import { reasonOf } from '../log/log.ts'
import type { Attempt } from '../products/changes.ts'
import type { ImageRow, ProductRecord } from '../products/record.ts'
import type { ProductStore } from '../products/store.ts'
import { ImageLocks } from './image-locks.ts'
import { ImageMaker, type Job, type MakerOptions } from './make-image.ts'
import { inStage, report } from './stages.ts'

export interface ProcessorOptions extends MakerOptions {
  store: ProductStore
}

const DATABASE_RETRY_MS = 1000

/** Processes the due images of one product for each message, and records their outcomes in one commit. */
export class ProductProcessor {
  readonly #options: ProcessorOptions
  readonly #maker: ImageMaker
  readonly #locks = new ImageLocks()

  constructor(options: ProcessorOptions) {
    this.#options = options
    this.#maker = new ImageMaker(options)
  }

  /**
   * Resolves when the outcomes of the product's due images are recorded. There may be none: a message is only
   * a hint. If `stop` aborts, or the job times out while an image mostly waited for others, the image is
   * enqueued again and no attempt is counted. Rejects only if the product cannot be loaded or the outcomes
   * cannot be recorded. `redelivered`: an earlier worker may have died.
   */
  async process(productId: number, stop: AbortSignal, { redelivered = false } = {}): Promise<void> {
    const { store, jobTimeoutMs } = this.#options
    const product = await this.#persist(() => store.load(productId), stop)
    if (!product) return
    using lock = this.#locks.acquire(dueImages(product))
    if (lock.held.length === 0 && !redelivered) return
    using deadline = new Deadline(jobTimeoutMs)
    const signal = AbortSignal.any([stop, deadline.signal])
    const attempts = await Promise.all(
      lock.held.map((image) => this.#attempt(image, { productId, userId: product.user_id, stop, signal }))
    )
    // Before the commit: a message enqueued by it may arrive at once and must find these images unlocked.
    lock.release()
    const commit = () => store.background.finish(product, attempts, { redelivered })
    await this.#persist(() => inStage('commit', productId, commit), stop)
  }

  async #attempt(image: ImageRow, job: Job): Promise<Attempt> {
    const started = performance.now()
    const trace = new AttemptTrace()
    const outcome = await inAttempt(trace, () => this.#maker.make(image, job))
    const ms = Math.round(performance.now() - started)
    report(outcome, { product_id: job.productId, image_id: image.id, ms }, this.#options.log)
    return { image, outcome, report: { ms, stages: trace.stages, responses: trace.visits } }
  }

  /** Retries while the database is unavailable. The work is done; a redelivery would repeat it. */
  async #persist<T>(statement: () => Promise<T>, stop: AbortSignal): Promise<T> {
    for (;;) {
      try {
        return await statement()
      } catch (error) {
        if (!isUnavailable(error) || stop.aborted) throw error
        this.#options.log.warn({ reason: reasonOf(error) }, 'The database is away; trying again')
        await wait(DATABASE_RETRY_MS, undefined, { signal: stop }).catch(() => undefined)
      }
    }
  }
}

const dueImages = ({ images, read_at }: ProductRecord) =>
  images.filter(({ status, due_at }) => status === 'pending' && Date.parse(due_at) <= read_at.getTime())
