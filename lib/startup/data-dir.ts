import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { reasonOf } from '../log/log.ts'
import { sync } from './sync-files.ts'
import { StartError } from './wait-for-server.ts'

/** The folder in DATA_DIR where PGlite keeps its files. */
export const DATABASE_FOLDER = 'pgdata'
const LOCK = 'lock'

/** Another process works on the folder. */
export class DataDirInUse extends StartError {}

/** Throws a StartError if no service has ever kept its database in DATA_DIR. */
export function refuseFreshDataDir(path: string): void {
  if (existsSync(join(path, DATABASE_FOLDER))) return
  throw new StartError(
    `There is no database in ${path}. Set DATA_DIR to the folder of a service, ` +
      'or DATABASE_URL (or DB_HOST) to its server.'
  )
}

/**
 * Creates DATA_DIR or a folder in it, for this user alone. Rejects with a StartError that names the setting.
 */
export async function createDataDir(path: string): Promise<void> {
  try {
    const created = await mkdir(path, { recursive: true, mode: 0o700 })
    if (created) await syncNames(path, created)
  } catch (cause) {
    throw new StartError(`DATA_DIR cannot be used: ${reasonOf(cause)}`, { cause })
  }
}

/** Makes the names of a folder and of its parents, of which `first` is new, survive a power cut. */
async function syncNames(path: string, first: string): Promise<void> {
  await sync(dirname(path))
  if (resolve(path) !== resolve(first)) await syncNames(dirname(path), first)
}

/**
 * Locks the folder for this process and returns how to unlock it. Throws DataDirInUse if it is locked. The
 * lock is one of SQLite's on a file: it is atomic, and the system removes it when the process is killed.
 */
export function lockDataDir(folder: string): () => void {
  const lock = new DatabaseSync(join(folder, LOCK), { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw new DataDirInUse(`Another process works on ${folder}: stop it, or set another DATA_DIR`, { cause })
  }
  return () => lock.close()
}

/** Whether a process works on the folder. Leaves nothing in it. */
export function isDataDirInUse(folder: string): boolean {
  if (!existsSync(join(folder, LOCK))) return false
  try {
    lockDataDir(folder)()
    return false
  } catch (error) {
    if (error instanceof DataDirInUse) return true
    throw error
  }
}
