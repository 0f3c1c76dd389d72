import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildApp } from '../../app.ts'
import { loadConfig } from '../../lib/config/config.ts'
import { startEmbeddedPostgres } from '../../lib/database/pglite.ts'

// Folders to be copied. The first start of an embedded database takes 3 s, on a busy machine a minute; a
// copy, 50 ms.

const SQL = join(import.meta.dirname, '../../sql')
const MODULES = join(import.meta.dirname, '../../node_modules')
const PGLITE = join(MODULES, '@electric-sql/pglite/package.json')

/** What a first start of the service leaves in its folder. */
export async function startedFolder(): Promise<string> {
  const migrations = (await readdir(SQL)).sort().map((name) => join(SQL, name))
  return keep('started', [PGLITE, ...migrations], async (folder) => {
    const app = await buildApp(loadConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent' }))
    await app.close()
  })
}

/** An embedded database that nobody has used yet. */
export async function emptyFolder(): Promise<string> {
  return keep('empty', [PGLITE], async (folder) => {
    const database = await startEmbeddedPostgres(folder)
    await database.close()
  })
}

/** Fills a folder and keeps it for as long as the files stay the same. */
async function keep(name: string, files: string[], fill: (folder: string) => Promise<void>): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(file))
  const folder = join(MODULES, '.cache/asyncprod', `${name}-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.${process.pid}`
  await fill(unfinished)
  // Another test file may have been faster.
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }))
  return folder
}
