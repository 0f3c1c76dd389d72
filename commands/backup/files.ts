import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { copyFiles } from '../../lib/startup/copy-files.ts'

/** What DATA_DIR holds beside the database. */
export async function copyBesideDatabase(from: string, to: string): Promise<void> {
  if (existsSync(join(from, 'objects'))) await copyFiles(join(from, 'objects'), join(to, 'objects'))
  if (existsSync(join(from, 'url-secret'))) await copyFile(join(from, 'url-secret'), join(to, 'url-secret'))
}
