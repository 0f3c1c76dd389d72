import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** npm writes it last: an install that was cut off has none. */
const COMPLETE = 'node_modules/.package-lock.json'
const INSTALL = `test -e ${COMPLETE} || npm ci --no-audit --no-fund`

/**
 * Installs the dependencies of a folder that has a package.json of its own, on first use. Processes that
 * begin at the same time wait for one of them.
 */
export async function installOnce(folder: string): Promise<void> {
  await promisify(execFile)('flock', ['package-lock.json', 'sh', '-c', INSTALL], { cwd: folder })
}
