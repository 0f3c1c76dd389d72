import { existsSync } from 'node:fs'
import { mkdir, realpath, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { copyDatabase } from '../../lib/database/base-backup.ts'
import { startEmbeddedPostgres } from '../../lib/database/pglite.ts'
import { DATABASE_FOLDER, refuseFreshDataDir } from '../../lib/startup/data-dir.ts'
import { sync, syncTree } from '../../lib/startup/sync-files.ts'
import { StartError } from '../../lib/startup/wait-for-server.ts'
import { OBJECT_PREFIX } from '../../lib/storage/object-store.ts'
import { UsageError } from '../arguments.ts'
import { existingParts } from '../existing-parts.ts'
import { copyBesideDatabase } from './files.ts'

export const usage = `asyncprod backup <folder>              copies DATA_DIR, also while the service runs`

/** `asyncprod backup`: of the embedded parts. The copy is a DATA_DIR itself. */
export async function backup(config: Config, args: string[]): Promise<void> {
  const { positionals } = parseArgs({ args, allowPositionals: true })
  const [folder, ...rest] = positionals
  if (folder === undefined || rest.length > 0) throw new UsageError(usage)
  if (config.database)
    throw new StartError(
      'The database is no embedded one: back it up with pg_dump, and the bucket with its own tools.'
    )
  refuseFreshDataDir(config.dataDir)
  if (existsSync(folder)) throw new StartError(`${folder} exists already: name a folder that does not.`)
  const unfinished = `${resolve(folder)}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true, mode: 0o700 })
  await copyAll(config.dataDir, unfinished)
  console.log(await checked({ ...config, dataDir: unfinished, redis: null, rabbitmq: null }))
  await syncTree(unfinished)
  await rename(unfinished, folder)
  await sync(dirname(resolve(folder)))
  console.log(`The backup is in ${folder}. Its first start, or asyncprod restore, needs nothing else.`)
}

/** Objects twice: the second time those that rows have named since. */
async function copyAll(from: string, to: string): Promise<void> {
  await copyBesideDatabase(from, to)
  const { host, close } = await openDatabase(from)
  try {
    await copyDatabase(host, join(from, DATABASE_FOLDER), join(to, DATABASE_FOLDER))
  } finally {
    await close()
  }
  await copyBesideDatabase(from, to)
}

/** Resolves with the socket of the service that runs on the folder, or of a database for this copy. */
async function openDatabase(dataDir: string): Promise<{ host: string; close(): Promise<void> }> {
  try {
    return await startEmbeddedPostgres(dataDir)
  } catch (error) {
    const run = join(dataDir, 'run')
    if (!(error instanceof StartError && existsSync(run))) throw error
    return { host: await realpath(run), close: async () => {} }
  }
}

/**
 * Starts the database of the copy, which replays its log. Images whose objects were removed while it was
 * made are enqueued again. Resolves with what it found.
 */
async function checked(config: Config): Promise<string> {
  await using app = await existingParts(config)
  const { rows } = await app.pg.query<{ products: number }>(
    'SELECT count(*)::integer AS products FROM products'
  )
  const lost = await productsWithoutObject(app)
  for (const id of lost) await app.products.reprocess({ id }, { all: true })
  const again = lost.length > 0 ? `; ${lost.length} of them lack an object and are enqueued again` : ''
  return `Products: ${rows[0]?.products}${again}`
}

async function productsWithoutObject({ pg, objects }: FastifyInstance): Promise<number[]> {
  const keys = new Set<string>()
  for await (const { key } of objects.list(OBJECT_PREFIX)) keys.add(key)
  const { rows } = await pg.query<{ product_id: number; keys: string[] }>(NAMED)
  return rows.filter((row) => row.keys.some((key) => !keys.has(key))).map(({ product_id }) => product_id)
}

const NAMED = `
SELECT product_id, array_agg(key) AS keys FROM (
  SELECT product_id, object_key AS key FROM product_images WHERE object_key IS NOT NULL
  UNION ALL SELECT product_id, r.value ->> 'key' FROM product_images, jsonb_each(renditions) AS r
) AS named GROUP BY product_id`
