import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StartError } from './wait-for-server.ts'

/**
 * Takes the folder for this process, and answers how to let go of it. A file lock of SQLite's, because the system takes it
 * from a process that was killed, and because there is no moment between looking and taking. Throws when it is taken.
 */
export function lockDataDir(folder: string): () => void {
  const lock = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw new StartError(`Another process works on ${folder}: stop it, or set another DATA_DIR`, { cause })
  }
  return () => lock.close()
}
