import { parseArgs } from 'node:util'
import type { Config } from '../lib/config/config.ts'
import { refreshStoredUrls } from '../lib/products/stored-urls.ts'
import { UsageError } from './arguments.ts'
import { existingParts } from './existing-parts.ts'

export const usage =
  'asyncprod urls refresh                 stores today’s public URLs, for a Go service that reads them'

/** `asyncprod urls refresh`: for the Go service; the API builds URLs when they are read. */
export async function urls(config: Config, args: string[]): Promise<void> {
  const { positionals } = parseArgs({ args, allowPositionals: true })
  if (positionals.join(' ') !== 'refresh') throw new UsageError(usage)
  await using app = await existingParts(config)
  let count = 0
  for await (const products of refreshStoredUrls(app.pg.pool, (key) => app.objects.addressOf(key)))
    count += products
  console.log(`Products whose stored URLs were refreshed: ${count}`)
}
