import { parseArgs } from 'node:util'
import type { Config } from '../lib/config/config.ts'
import { IMAGE_ERROR_CODES } from '../lib/image/error.ts'
import { listFailedImages } from '../lib/products/failed-images.ts'
import { type Workbench, withWorkbench } from '../lib/workbench.ts'
import { positive, UsageError } from './arguments.ts'

export const usage = `asyncprod failed list [--code http_status] [--limit 100]     images that were given up on, and why
asyncprod failed retry <product id…> | --all [--code timeout]   owes them again`

const PAGE = 1000
const CODES: readonly string[] = IMAGE_ERROR_CODES

/** `asyncprod failed …`: images that were given up on. */
export async function failed(config: Config, args: string[]): Promise<void> {
  const options = {
    limit: { type: 'string', default: '100' },
    code: { type: 'string' },
    all: { type: 'boolean', default: false }
  } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const [action, ...ids] = positionals
  if (values.code !== undefined && !CODES.includes(values.code))
    throw new UsageError(`There is no code ${values.code}; there are ${CODES.join(', ')}`)
  if (action === 'list' && ids.length === 0) {
    const query = { code: values.code, limit: positive('--limit', values.limit) }
    return withWorkbench(config, async ({ pool }) => {
      const failures = await listFailedImages(pool, query)
      if (failures.length > 0) console.table(failures)
      else console.log('There are no failed images.')
    })
  }
  if (action !== 'retry' || values.all === ids.length > 0) throw new UsageError(usage)
  await withWorkbench(config, async (bench) => {
    let products = 0
    for await (const id of values.all
      ? failedProducts(bench, values.code)
      : ids.map((id) => positive('A product id', id))) {
      await bench.store.reprocess({ id }, false)
      products++
    }
    console.log(`Products whose failed images are owed again: ${products}`)
  })
}

async function* failedProducts({ pool }: Workbench, code: string | undefined): AsyncGenerator<number> {
  for (let afterId = 0; ; ) {
    const failures = await listFailedImages(pool, { code, afterId, limit: PAGE })
    if (failures.length === 0) return
    const ids = new Set(failures.map(({ product_id }) => product_id))
    yield* ids
    afterId = Math.max(...ids)
  }
}
