import { MemoryCache } from '../../../lib/cache/memory.ts'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import { Limiter } from '../../../lib/pipeline/limiter.ts'
import { type ProcessorOptions, ProductProcessor } from '../../../lib/pipeline/process-product.ts'
import { ProductChangeFeed } from '../../../lib/products/change-feed.ts'
import { ProductStore } from '../../../lib/products/store.ts'
import type { ObjectStore } from '../../../lib/storage/object-store.ts'
import { embeddedDatabase } from '../../support/database.ts'
import { createLog } from '../../support/log.ts'
import type { Owner } from '../../support/owner.ts'

export const { signal: never } = new AbortController()
export const bytes = Buffer.from('a picture')
export const source = { bytes, [Symbol.dispose]: () => {} }
export const locate = async (url: string) => ({ domain: new URL(url).hostname, networks: [] })
const HOUR = 3_600_000

export class Objects implements Pick<ObjectStore, 'put'> {
  readonly stored = new Map<string, Buffer>()
  async put(key: string, jpeg: Buffer): Promise<string> {
    this.stored.set(key, jpeg)
    return this.urlOf(key)
  }
  urlOf(key: string): string {
    return `http://cdn.test/${key}`
  }
  async remove(key: string): Promise<void> {
    this.stored.delete(key)
  }
  async *list() {}
  async ping() {}
  async close() {}
}

export const downloading = (download: ProcessorOptions['downloader']['download']) => ({
  downloader: { download }
})

export const create = (store: ProductStore, ...product_images: string[]) =>
  store.create({ user_id: 1, product_name: 'Lamp', product_price: 1, product_images })

export const imagesOf = async (store: ProductStore, id: number) =>
  (await store.load(id))?.images.map(({ status, attempts, error_code }) => ({
    status,
    attempts,
    error_code
  }))

/** Processors and what they leave behind, all on one database: each is a worker of its own. */
export async function processors(t: Owner) {
  const { pool } = await embeddedDatabase(t)
  const changeFeed = new ProductChangeFeed(null)

  function build(options: Partial<ProcessorOptions> = {}) {
    const outbox = new Outbox(pool)
    const store = new ProductStore({
      pool,
      cache: new MemoryCache(),
      outbox,
      changeFeed,
      urlOf: (key) => `http://cdn.test/${key}`,
      addressOf: (key) => `http://cdn.test/${key}`,
      jobTimeoutMs: HOUR,
      webhooks: false
    })
    const objects = new Objects()
    const log = createLog()
    const processor = new ProductProcessor({
      store,
      objects,
      downloader: { download: async () => source },
      decoder: {
        compress: async () => ({
          jpeg: bytes,
          width: 8,
          height: 6,
          renditions: [],
          placeholder: null,
          [Symbol.dispose]: () => undefined
        })
      },
      wanted: { renditions: [], placeholders: false },
      readOriginal: null,
      limiter: new Limiter({ capacity: { compress: 2, inFlight: 4 }, locate }),
      retry: { maxAttempts: 3, baseMs: HOUR },
      jobTimeoutMs: HOUR,
      log,
      ...options
    })
    return { processor, store, objects, log, outbox }
  }

  const dueRows = async (id: number) =>
    (await pool.query(`SELECT FROM outbox WHERE product_id = $1 AND due_at <= now()`, [id])).rowCount

  /** What is to be removed of the product's objects, as the outbox has it, by when it is due. */
  const removals = async (id: number) =>
    (
      await pool.query<{ key: string; due: boolean }>(
        `SELECT coalesce(payload ->> 'key', payload ->> 'prefix') AS key, due_at <= now() AS due FROM outbox
         WHERE kind = 'object' AND product_id = $1 ORDER BY due_at`,
        [id]
      )
    ).rows

  return { pool, build, dueRows, removals }
}
