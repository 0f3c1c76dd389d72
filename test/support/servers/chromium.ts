import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createFolder } from './guard.ts'
import { findProgram } from './install.ts'
import type { SupervisedProcess } from './process.ts'
import { startServer } from './start.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The path of a browser, or undefined. As root on Debian or Ubuntu it is installed if need be. */
export async function findChromium(): Promise<string | undefined> {
  const found = () => NAMES.map(findProgram).find((path) => path !== undefined)
  if (found() || process.getuid?.() !== 0 || !findProgram('apt-get')) return found()
  console.error('Installing chromium: about half a minute, once')
  const script = join(import.meta.dirname, './install.sh')
  const installing = promisify(execFile)('flock', [script, 'sh', script, 'chromium'], { maxBuffer: 64 << 20 })
  await installing.catch((error) => console.error(`chromium cannot be installed: ${error.message}`))
  return found()
}

/** Opens a page in a browser of its own that reaches nothing but loopback. Resolves when the browser runs. */
export function openPage(chromium: string, url: string): Promise<SupervisedProcess> {
  const profile = createFolder('chromium')
  const args = [
    '--headless',
    '--no-sandbox', // as root there is none; the page is ours
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--disable-component-update',
    '--no-first-run',
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    url
  ]
  return startServer(
    { command: chromium, args, cwd: profile, env: { ...process.env, HOME: profile } },
    /DevTools listening/
  )
}
