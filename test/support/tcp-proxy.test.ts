import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { respond, startOrigin } from './http/origin.ts'
import { owned } from './owner.ts'
import { createTcpProxy } from './tcp-proxy.ts'

t.test('a server behind a proxy is down, up, frozen, thawed and lost', async (t) => {
  const origin = owned(t, await startOrigin({ handler: respond('here') }))
  const proxy = await createTcpProxy(origin.url)
  t.teardown(proxy.close)
  const get = async () => (await fetch(proxy.url)).text()

  await t.rejects(get(), { cause: { code: 'ECONNREFUSED' } })
  await proxy.open()
  t.equal(await get(), 'here')

  proxy.freeze()
  const frozen = get()
  t.equal(await Promise.race([frozen, wait(100, 'nothing')]), 'nothing')
  proxy.thaw()
  t.equal(await frozen, 'here')

  await proxy.close()
  await t.rejects(get())
})
