import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { lockDataDir } from '../../../lib/startup/data-dir.ts'
import { createFolder } from '../../support/servers/guard.ts'

const REFUSED = { name: 'StartError', message: /^Another process works on .*set another DATA_DIR$/ }

function folderOf(t: Test): string {
  const folder = createFolder('data')
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

t.test('a folder is taken once, by whatever name, until it is let go', async (t) => {
  const folder = folderOf(t)
  const alias = join(folderOf(t), 'alias')
  await symlink(folder, alias)
  const unlock = lockDataDir(folder)
  t.throws(() => lockDataDir(folder), REFUSED)
  t.throws(() => lockDataDir(alias), REFUSED)
  unlock()
  lockDataDir(alias)()
})

t.test('a killed process holds nothing', async (t) => {
  const folder = folderOf(t)
  const module = join(import.meta.dirname, '../../../lib/startup/data-dir.ts')
  const code = `import(${JSON.stringify(module)}).then(({ lockDataDir }) => {
    lockDataDir(${JSON.stringify(folder)})
    process.stdout.write('taken')
    setInterval(() => {}, 1000)
  })`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  t.throws(() => lockDataDir(folder), REFUSED)
  child.kill('SIGKILL')
  await once(child, 'exit')
  lockDataDir(folder)()
})
