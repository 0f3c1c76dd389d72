import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Installs the dependencies of a folder that has a package.json of its own, on first use. */
export async function installOnce(folder: string): Promise<void> {
  if (existsSync(join(folder, 'node_modules'))) return
  await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder })
}
