import { parseArgs } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../lib/config/config.ts'
import { IMAGE_ERROR_CODES, type ImageErrorCode } from '../lib/image/error.ts'
import { listFailedImages } from '../lib/products/failed-images.ts'
import { positive, UsageError } from './arguments.ts'
import { existingParts } from './existing-parts.ts'

export const usage = `asyncprod failed list [--code http_status] [--limit 100]     failed images and why they failed
asyncprod failed retry <product id…> [--code timeout]         enqueues them again
asyncprod failed retry --all [--code timeout]`

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
    limit: { type: 'string', default: '100' },
    code: { type: 'string' },
    all: { type: 'boolean', default: false }
  } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const [action, ...rest] = positionals
  const choice = {
    code: values.code === undefined ? undefined : codeOf(values.code),
    limit: positive('--limit', values.limit),
    ids: rest.map((id) => positive('A product id', id))
  }
  const isList = action === 'list' && rest.length === 0
  if (!isList && (action !== 'retry' || values.all === rest.length > 0)) throw new UsageError(usage)
  await using app = await existingParts(config)
  await (isList ? list(app, choice) : retry(app, choice))
}

async function list({ pg }: FastifyInstance, choice: Choice): Promise<void> {
  const failures = await listFailedImages(pg.pool, choice)
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

function codeOf(text: string): ImageErrorCode {
  const code = IMAGE_ERROR_CODES.find((known) => known === text)
  if (code) return code
  throw new UsageError(`There is no code ${text}; there are ${IMAGE_ERROR_CODES.join(', ')}`)
}
