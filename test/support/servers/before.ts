import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ensureInstalled, wanted } from './install.ts'

// tap runs this before the first test file, and then after.ts after the last
if (process.env.TEST_SERVICES !== 'none') {
  await ensureInstalled(...wanted())
  const host = spawn(process.execPath, [join(import.meta.dirname, './host.ts'), String(process.ppid)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc']
  })
  await once(host, 'message')
  host.disconnect()
  host.unref()
}
