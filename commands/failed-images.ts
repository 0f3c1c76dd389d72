import { parseArgs } from 'node:util'
import type { FastifyInstance } from 'fastify'
import {
  type Client,
  type FoundImage,
  reprocessProduct,
  searchImages,
  startAction
} from '../client/src/index.ts'
import type { Config } from '../lib/config/config.ts'
import { IMAGE_ERROR_CODES, type ImageErrorCode } from '../lib/image/error.ts'
import { type FailedImage, listFailedImages } from '../lib/products/failed-images.ts'
import { oneOf, positive, UsageError } from './arguments.ts'
import { existingParts } from './existing-parts.ts'
import { CONNECTION_OPTIONS, throwingClientOf } from './service-client.ts'

export const usage = `\
asyncprod failed list [--code http_status] [--limit 100]     failed images and why they failed
asyncprod failed retry <product id…> [--code timeout]         enqueues them again
asyncprod failed retry --all [--code timeout]
  all of these: [--url <address>] [--key-file <file>]         through a running service`

const PAGE = 1000

interface Choice {
  code: ImageErrorCode | undefined
  limit: number
  /** Products; none for all of them. */
  ids: number[]
}

/** `asyncprod failed …`: images whose processing failed. */
export async function failed(config: Config, args: string[]): Promise<void> {
  const options = {
    ...CONNECTION_OPTIONS,
    limit: { type: 'string', default: '100' },
    code: { type: 'string' },
    all: { type: 'boolean', default: false }
  } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const [action, ...rest] = positionals
  const choice = {
    code: values.code === undefined ? undefined : oneOf('code', values.code, IMAGE_ERROR_CODES),
    limit: positive('--limit', values.limit),
    ids: rest.map((id) => positive('A product id', id))
  }
  const isList = action === 'list' && rest.length === 0
  if (!isList && (action !== 'retry' || values.all === rest.length > 0)) throw new UsageError(usage)
  if (values.url) {
    const client = await throwingClientOf(values, config)
    return await (isList ? listThere(client, choice) : retryThere(client, choice))
  }
  await using app = await existingParts(config, 'call')
  await (isList ? list(app, choice) : retry(app, choice))
}

async function listThere(client: Client, { limit, ...choice }: Choice): Promise<void> {
  const failures: FailedImage[] = []
  for await (const { product_id, user_id, source_url, error, attempts } of failedImages(client, choice)) {
    if (failures.length === limit) break
    const { code, detail } = error ?? { code: 'internal', detail: '' }
    failures.push({ product_id, user_id, source_url, code, detail, attempts })
  }
  print(failures)
}

async function retryThere(client: Client, { code, ids }: Pick<Choice, 'code' | 'ids'>): Promise<void> {
  if (code) return await retryCodeThere(client, code, ids)
  const products = new Set<number>(ids)
  if (ids.length === 0) for await (const { product_id } of failedImages(client, {})) products.add(product_id)
  for (const id of products) await reprocessProduct({ client, path: { id }, throwOnError: true })
  console.log(`Products whose failed images were enqueued again: ${products.size}`)
}

/** By an action for each product, or one for all. */
async function retryCodeThere(client: Client, code: ImageErrorCode, ids: number[]): Promise<void> {
  const filters = ids.length > 0 ? ids.map((product_id) => ({ code, product_id })) : [{ code }]
  for (const filter of filters) {
    const { data } = await startAction({ client, body: { action: 'retry', filter }, throwOnError: true })
    if ('id' in data) console.log(`Failed images that action ${data.id} enqueues again: ${data.images}`)
  }
}

async function* failedImages(
  client: Client,
  filter: { code?: ImageErrorCode | undefined }
): AsyncGenerator<FoundImage> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { code } = filter
    const query = { status: 'failed' as const, limit: 200, ...(code && { code }), ...(cursor && { cursor }) }
    const { data } = await searchImages({ client, query, throwOnError: true })
    yield* data.images
    cursor = data.next
  }
}

async function list({ pg }: FastifyInstance, choice: Choice): Promise<void> {
  print(await listFailedImages(pg.pool, choice))
}

function print(failures: FailedImage[]): void {
  if (failures.length > 0) console.table(failures)
  else console.log('There are no failed images.')
}

async function retry(app: FastifyInstance, { code, ids }: Choice): Promise<void> {
  let products = 0
  for await (const id of ids.length > 0 ? ids : failedProducts(app, code)) {
    await app.products.reprocess({ id }, { code })
    products++
  }
  console.log(`Products whose failed images were enqueued again: ${products}`)
}

async function* failedProducts(
  { pg }: FastifyInstance,
  code: ImageErrorCode | undefined
): AsyncGenerator<number> {
  for (let afterId = 0; ; ) {
    const failures = await listFailedImages(pg.pool, { code, afterId, limit: PAGE })
    if (failures.length === 0) return
    const ids = new Set(failures.map(({ product_id }) => product_id))
    yield* ids
    afterId = Math.max(...ids)
  }
}
