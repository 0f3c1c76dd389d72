import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { Notifications } from '../../../lib/database/notifications.ts'
import { createLog } from '../../support/log.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'
import { createTcpProxy } from '../../support/tcp-proxy.ts'

/** The notifications of one process, and what its subscriber receives next. */
async function member(t: Test, connectionString: string, channel = 'news') {
  const log = createLog()
  const notifications = new Notifications({ connectionString, log, heartbeatMs: 200 })
  t.teardown(() => notifications.close())
  const received: string[] = []
  let wake: (() => void) | undefined
  const receive = (what: string) => {
    received.push(what)
    wake?.()
  }
  notifications.subscribe(channel, { received: receive, connected: () => receive('connected') })
  notifications.start()
  const next = async (): Promise<string> => {
    const what = received.shift()
    if (what !== undefined) return what
    await new Promise<void>((resolve) => {
      wake = resolve
    })
    return next()
  }
  t.equal(await next(), 'connected')
  t.equal(notifications.connected, true)
  return { notifications, next, received, log }
}

t.test(
  'processes on one database receive each other’s notifications, but not their own',
  needsServices,
  async (t) => {
    const url = await (await sharedPostgres(t)).createDatabase()
    const [ann, bob] = await Promise.all([member(t, url), member(t, url)])
    await ann.notifications.send('news', 'one')
    await bob.notifications.send('news', 'two')
    await ann.notifications.send('news', 'three')
    t.equal(await bob.next(), 'one')
    t.equal(await bob.next(), 'three')
    t.equal(await ann.next(), 'two')
    t.strictSame(ann.received, [])
  }
)

t.test('a service in another schema has channels of its own', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('CREATE SCHEMA other')
  await client.end()
  const [ann, bob] = await Promise.all([member(t, url), member(t, url)])
  const other = await member(t, `${url}?options=-csearch_path%3Dother`)
  await other.notifications.send('news', 'of the other schema')
  await ann.notifications.send('news', 'of this schema')
  t.equal(await bob.next(), 'of this schema')
  t.strictSame(other.received, [])
})

t.test('each channel has its own subscriber', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const [ann, bob] = await Promise.all([member(t, url), member(t, url, 'weather')])
  await ann.notifications.send('news', 'no subscriber has this channel')
  await ann.notifications.send('weather', 'rain')
  t.equal(await bob.next(), 'rain')
})

t.test('a lost connection is made again, and the subscribers know', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const [ann, bob] = await Promise.all([member(t, url), member(t, url)])
  const client = new pg.Client(url)
  await client.connect()
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
      AND pid <> pg_backend_pid()`
  )
  await client.end()
  t.equal(await bob.next(), 'connected')
  t.equal(await ann.next(), 'connected')
  await ann.notifications.send('news', 'still there')
  t.equal(await bob.next(), 'still there')
  for (const { log } of [ann, bob]) {
    t.match(
      log.lines.map(({ level, message }) => ({ level, message })),
      [
        { level: 'warn', message: /are lost/ },
        { level: 'info', message: /are back/ }
      ]
    )
  }
})

t.test('a connection that dies without a word is noticed, and made again', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const proxy = await createTcpProxy(url)
  await proxy.open()
  t.teardown(() => proxy.close())
  const ann = await member(t, proxy.url)
  proxy.freeze()
  t.match(await ann.log.said(/are lost/), { level: 'warn', details: { reason: 'Query read timeout' } })
  t.equal(ann.notifications.connected, false)
  proxy.thaw()
  t.equal(await ann.next(), 'connected')
  t.equal(ann.notifications.connected, true)
})

t.test('a connection that cannot be had is logged once', async (t) => {
  const log = createLog()
  const notifications = new Notifications({ connectionString: 'postgres://127.0.0.1:1/x', log })
  notifications.subscribe('news', { received: () => undefined })
  notifications.start()
  await wait(2500)
  await notifications.close()
  t.match(log.lines, [{ level: 'warn', message: /are lost/, details: { reason: /ECONNREFUSED/ } }])
  t.equal(log.lines.length, 1)
})

t.test('a notification that cannot be sent rejects', async (t) => {
  const notifications = new Notifications({ connectionString: 'postgres://127.0.0.1:1/x', log: createLog() })
  await t.rejects(notifications.send('news'), { message: 'There is no connection for notifications' })
})

t.test('a connection that cannot send something is made again', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const [ann, bob] = await Promise.all([member(t, url), member(t, url)])
  await t.rejects(ann.notifications.send('news', 'x'.repeat(8000)), { message: /payload string too long/ })
  t.equal(await ann.next(), 'connected')
  await ann.notifications.send('news', 'again')
  t.equal(await bob.next(), 'again')
})

t.test('closing while it connects leaves no connection behind', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const notifications = new Notifications({ connectionString: url, log: createLog() })
  notifications.subscribe('news', { received: () => undefined, connected: () => t.fail('it has connected') })
  notifications.start()
  await notifications.close()
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(() => client.end())
  const others = `SELECT FROM pg_stat_activity WHERE application_name = 'asyncprod notifications'
    AND datname = current_database()`
  while ((await client.query(others)).rowCount !== 0);
  t.pass('it is gone')
})
