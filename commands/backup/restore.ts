import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Config } from '../../lib/config/config.ts'
import { copyFiles } from '../../lib/startup/copy-files.ts'
import { createDataDir, DATABASE_FOLDER, lockDataDir } from '../../lib/startup/data-dir.ts'
import { sync, syncTree } from '../../lib/startup/sync-files.ts'
import { StartError } from '../../lib/startup/wait-for-server.ts'
import { UsageError } from '../arguments.ts'
import { copyBesideDatabase } from './files.ts'
import { verify } from './verify.ts'

export const usage = `asyncprod restore <folder>             copies a backup into DATA_DIR`

/** `asyncprod restore`: into a DATA_DIR without a database. It may be repeated if it was interrupted. */
export async function restore(config: Config, args: string[]): Promise<void> {
  const { dataDir } = config
  const { positionals } = parseArgs({ args, allowPositionals: true })
  const [folder, ...rest] = positionals
  if (folder === undefined || rest.length > 0) throw new UsageError(usage)
  if (!existsSync(join(folder, DATABASE_FOLDER))) throw new StartError(`There is no backup in ${folder}.`)
  await createDataDir(dataDir)
  const unlock = lockDataDir(dataDir)
  try {
    await copyInto(dataDir, folder)
  } finally {
    unlock()
  }
  console.log(`Restored to ${dataDir}.`)
  await verify(config)
}

async function copyInto(dataDir: string, folder: string): Promise<void> {
  const database = join(dataDir, DATABASE_FOLDER)
  if (existsSync(database))
    throw new StartError(
      `There is a database in ${dataDir}: move it away, or set DATA_DIR to another folder.`
    )
  const unfinished = `${database}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await copyBesideDatabase(folder, dataDir)
  await copyFiles(join(folder, DATABASE_FOLDER), unfinished)
  await syncTree(dataDir)
  await rename(unfinished, database)
  await sync(dataDir)
}
