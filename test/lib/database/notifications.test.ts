import pg from 'pg'
import t, { type Test } from 'tap'
import { Notifications } from '../../../lib/database/notifications.ts'
import { createLog } from '../../support/log.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

/** A process's notifications, and the next of what its subscriber is told. */
async function member(t: Test, connectionString: string, channel = 'news') {
  const notifications = new Notifications({ connectionString, log: createLog() })
  t.teardown(() => notifications.close())
  const told: string[] = []
  let wake: (() => void) | undefined
  const tell = (what: string) => {
    told.push(what)
    wake?.()
  }
  notifications.subscribe(channel, { received: tell, connected: () => tell('connected') })
  notifications.start()
  const next = async (): Promise<string> => {
    const what = told.shift()
    if (what !== undefined) return what
    await new Promise<void>((resolve) => {
      wake = resolve
    })
    return next()
  }
  t.equal(await next(), 'connected')
  return { notifications, next, told }
}

t.test('processes on one database hear each other, but not themselves', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const [ann, bob] = await Promise.all([member(t, url), member(t, url)])
  await ann.notifications.send('news', 'one')
  await bob.notifications.send('news', 'two')
  await ann.notifications.send('news', 'three')
  t.equal(await bob.next(), 'one')
  t.equal(await bob.next(), 'three')
  t.equal(await ann.next(), 'two')
  t.strictSame(ann.told, [])
})

t.test('each channel has its own subscriber', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const [ann, bob] = await Promise.all([member(t, url), member(t, url, 'weather')])
  await ann.notifications.send('news', 'nobody hears this')
  await ann.notifications.send('weather', 'rain')
  t.equal(await bob.next(), 'rain')
})

t.test('a lost connection is made again, and the subscribers are told', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const [ann, bob] = await Promise.all([member(t, url), member(t, url)])
  const client = new pg.Client(url)
  await client.connect()
  await client.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
  )
  await client.end()
  t.equal(await bob.next(), 'connected')
  t.equal(await ann.next(), 'connected')
  await ann.notifications.send('news', 'still there')
  t.equal(await bob.next(), 'still there')
})

t.test('what cannot be said rejects', async (t) => {
  const notifications = new Notifications({ connectionString: 'postgres://127.0.0.1:1/x', log: createLog() })
  await t.rejects(notifications.send('news'), { message: 'There is no connection for notifications' })
})

t.test('a connection that cannot say something is made again', needsServices, async (t) => {
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
  const others = `SELECT FROM pg_stat_activity WHERE application_name = 'asyncprod notifications' AND datname = current_database()`
  while ((await client.query(others)).rowCount !== 0);
  t.pass('it is gone')
})
