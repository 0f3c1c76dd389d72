import { createFolder } from './guard.ts'
import { installed } from './install.ts'
import type { SupervisedProcess } from './process.ts'
import { startServer } from './start.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The path of a browser, or undefined. As root on Debian or Ubuntu it is installed if need be. */
export const findChromium = () => installed(NAMES, 'chromium')

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
