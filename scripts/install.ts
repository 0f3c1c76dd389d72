import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const INSTALL = join(import.meta.dirname, 'install.sh')

/** Installs the packages of a folder that has a package.json of its own, unless they are there already. */
export async function installOnce(folder: string): Promise<void> {
  await promisify(execFile)('sh', [INSTALL, folder])
}
