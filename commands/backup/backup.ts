import { existsSync } from 'node:fs'
import { mkdir, realpath, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Config } from '../../lib/config/config.ts'
import { copyDatabase } from '../../lib/database/base-backup.ts'
import { startEmbeddedPostgres } from '../../lib/database/pglite.ts'
import { DATABASE_FOLDER, refuseFreshDataDir } from '../../lib/startup/data-dir.ts'
import { sync, syncTree } from '../../lib/startup/sync-files.ts'
import { StartError } from '../../lib/startup/wait-for-server.ts'
import { UsageError } from '../arguments.ts'
import { copyBesideDatabase } from './files.ts'
import { verify } from './verify.ts'

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
  await verify({ ...config, dataDir: unfinished })
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
