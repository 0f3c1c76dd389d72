import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import t from 'tap'
import { statusOf } from './support/http/client.ts'
import { owned } from './support/owner.ts'
import { createFolder } from './support/servers/guard.ts'
import { freePort } from './support/servers/port.ts'
import { dataFolder, Service, startService } from './support/service.ts'

t.test('a port that is taken stops the start with a sentence that names it and the setting', async (t) => {
  const owner = createServer().listen(0, '127.0.0.1')
  await once(owner, 'listening')
  const DATA_DIR = createFolder('data')
  t.teardown(async () => {
    owner.close()
    await rm(DATA_DIR, { recursive: true, force: true })
  })
  const address = owner.address()
  const PORT = String(address && typeof address === 'object' ? address.port : 0)
  const env = { ...process.env, PORT, DATA_DIR, LOG_LEVEL: 'silent' }
  const served = promisify(execFile)(process.execPath, ['server.ts'], { env })
  await t.rejects(served, {
    code: 1,
    stderr: new RegExp(
      `The service cannot listen on 127\\.0\\.0\\.1:${PORT}: .*EADDRINUSE.* PORT to an address .*\\.\n$`
    )
  })
})

t.test('compiled code is stored while the service runs, for the next start after a kill', async (t) => {
  const NODE_COMPILE_CACHE = createFolder('compiled')
  const service = startService(t, { NODE_COMPILE_CACHE, DATA_DIR: await dataFolder() })
  await service.ready()
  const stored = async () => (await readdir(NODE_COMPILE_CACHE, { recursive: true })).length
  // Of more than a thousand modules.
  while ((await stored()) < 500) if (!service.isRunning) await service.failure('before it stored them')
  await service.stop('SIGKILL')
  t.ok((await stored()) >= 500)
})

t.test('a log on a full disk ends nothing, and the service stops as otherwise', async (t) => {
  const PORT = String(await freePort())
  const service = owned(t, new Service({ PORT, DATA_DIR: await dataFolder() }, { log: '/dev/full' }))
  const health = () => statusOf(`http://127.0.0.1:${PORT}/health`).catch(() => 'it does not listen')
  while ((await health()) !== 200) if (!service.isRunning) await service.failure('before it served')
  for (let requests = 0; requests < 10; requests++) t.equal(await health(), 200)
  t.same(await service.stop('SIGTERM'), { code: 0, signal: null })
})
