import { mkdir } from 'node:fs/promises'
import { reasonOf } from '../log/log.ts'
import { StartError } from './wait-for-server.ts'

/** Makes a folder in or of DATA_DIR, for the user of this process alone. Rejects with a StartError that names the setting. */
export async function createDataDir(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new StartError(`DATA_DIR cannot be used: ${reasonOf(cause)}`, { cause })
  }
}
