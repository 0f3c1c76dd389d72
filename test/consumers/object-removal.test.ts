import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildTestApp, LogStream } from '../support/app.ts'
import { rowsLeft } from '../support/outbox.ts'

const KEY = 'products/1/gone.jpg'

/** A service whose object store refuses every removal, with one removal to do that has failed before. */
async function refusing(t: Test, failures: number): Promise<{ app: FastifyInstance; log: LogStream }> {
  const log = new LogStream()
  const app = await buildTestApp(t, { LOG_LEVEL: 'info' }, { logger: { stream: log } })
  app.objects.remove = () => Promise.reject(new Error('Access Denied'))
  await app.pg.query(`INSERT INTO outbox (kind, payload, claims) VALUES ('object', $1, $2)`, [
    { key: KEY },
    failures
  ])
  return { app, log }
}

/** The entries of the log about this removal, once there is one with that message. */
async function logged({ app, log }: { app: FastifyInstance; log: LogStream }, message: string) {
  const said = new Promise((resolve) => log.once(message, resolve))
  app.outbox.poke(['object'])
  await said
  await new Promise((resolve) => setTimeout(resolve, 1500))
  return log.entries.filter(({ kind }) => kind === 'object')
}

t.test('a removal that fails is tried again after longer and longer waits', async (t) => {
  const service = await refusing(t, 9)
  const entries = await logged(service, 'Outbox work failed; it is retried')
  t.equal(entries.length, 1, 'each failure is logged once')
  const { rows } = await service.app.pg.query(
    `SELECT due_at > now() + interval '4 minutes' AND due_at < now() + interval '10 minutes' AS waits FROM outbox`
  )
  t.same(rows, [{ waits: true }])
})

t.test('a removal that fails for hours is given up, and that is an error', async (t) => {
  const service = await refusing(t, 29)
  const entries = await logged(service, 'Outbox work failed too often; it is given up')
  t.match(entries, [{ level: 50, claims: 30 }])
  t.same(await rowsLeft(service.app.pg.pool), [])
})

t.test('objects that a lost worker stored late go with one row: results and originals', async (t) => {
  const app = await buildTestApp(t, { KEEP_ORIGINALS: 'true' })
  const { signal } = new AbortController()
  const name = '00000000-0000-4000-8000-000000000000-1-0123456789ab'
  const keys = [`products/1/${name}.jpg`, `originals/1/${name}`]
  for (const key of keys) await app.objects.put(key, Buffer.from('late'), signal)
  await app.pg.query(`INSERT INTO outbox (kind, payload) VALUES ('object', '{"prefix": "products/1/"}')`)
  app.outbox.poke(['object'])
  while ((await rowsLeft(app.pg.pool)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  t.strictSame(await Promise.all(keys.map((key) => app.objects.open(key, signal))), [null, null])
})
