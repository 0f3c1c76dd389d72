import { parseArgs } from 'node:util'
import { buildParts } from '../../app.ts'
import type { Config } from '../../lib/config/config.ts'
import { POSTGRES } from '../../lib/database/server.ts'
import { refreshStoredUrls } from '../../lib/products/stored-urls.ts'
import { reachServer, StartError } from '../../lib/startup/wait-for-server.ts'
import { copyObjects } from '../../lib/storage/copy-objects.ts'
import { missingObjects } from '../../lib/storage/missing.ts'
import { UsageError } from '../arguments.ts'
import { existingParts } from '../existing-parts.ts'
import { reportLost, reportUnsent } from '../lost-objects.ts'
import { moveRows } from './rows.ts'

export const usage = `\
asyncprod move                         copies DATA_DIR to the PostgreSQL and the bucket of the settings`

/**
 * `asyncprod move`: from embedded parts to servers. The folder stays as it is. Objects come first, and rows
 * in one commit, so a move that was interrupted can be repeated.
 */
export async function move(config: Config, args: string[]): Promise<void> {
  const { positionals } = parseArgs({ args, allowPositionals: true })
  if (positionals.length > 0) throw new UsageError(usage)
  if (!config.database)
    throw new StartError('Set DATABASE_URL (or DB_HOST) to the PostgreSQL server to move to.')
  // DATA_DIR is locked until the end, so nothing changes in it.
  await using source = await existingParts(embedded(config))
  await using target = await reachServer(POSTGRES, () =>
    buildParts({ ...config, rabbitmq: null, redis: null })
  )
  if (config.bucket) {
    const { objects, bytes, copied } = await copyObjects(source.objects, target.objects, progress)
    console.log(
      `Objects: ${objects} (${bytes} bytes), each read back and the same; ${copied} were not there yet`
    )
  }
  const { isNew, digests } = await moveRows(source, target)
  for (const [table, { rows, digest }] of digests)
    console.log(`Rows of ${table}: ${rows}, the same on both sides (digest ${digest})`)
  for await (const _ of refreshStoredUrls(target.pg.pool, (key) => target.objects.addressOf(key)));
  const { missing, unsent } = await missingObjects(target.pg.pool, target.objects)
  reportUnsent(unsent)
  reportLost(missing)
  console.log(isNew ? 'Moved. Start the service with these settings.' : 'Everything had been moved before.')
}

/** The embedded parts in DATA_DIR, whatever servers the settings name. */
const embedded = (config: Config): Config => ({
  ...config,
  database: null,
  bucket: null,
  rabbitmq: null,
  redis: null
})

function progress({ objects }: { objects: number }): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${objects} objects\r`)
}
