import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { enqueue, rowsLeft } from '../../support/outbox.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { HOUR, held, relaysOn } from './relays.ts'

/** What every database under a relay has to let it do. */
function conformance(t: Test, { pool, another }: Database): void {
  t.beforeEach(async () => void (await pool.query('DELETE FROM outbox')))
  const start = relaysOn(pool)

  t.test('the lease of a running job is renewed', async (t) => {
    await enqueue(pool)
    const { dispatch, end } = held()
    const { outbox } = start(t, { leaseMs: 3000, dispatch })
    await outbox.next('renew')
    t.same(await new Outbox(another).claim('images', 1, HOUR), [])
    end()
    await outbox.next('done')
    t.same(await rowsLeft(pool), [])
  })

  t.test('rows of a process that died go to another one', async (t) => {
    const [id] = await enqueue(pool)
    await new Outbox(another).claim('images', 1, 100)
    const { dispatch, begun, end } = held()
    start(t, { dispatch })
    t.match(await begun, { id, claims: 2 })
    end()
  })

  t.test('draining: leases are renewed until the last job has ended', async (t) => {
    await enqueue(pool)
    const { dispatch, begun, end } = held()
    const { relay } = start(t, { leaseMs: 600, dispatch })
    await begun
    const stopped = relay.stop(HOUR)
    await wait(1500)
    t.same(await new Outbox(another).claim('images', 1, HOUR), [])
    end()
    await stopped
    t.same(await rowsLeft(pool), [])
  })

  t.test('a rejected row comes due again after its wait, and the failure is logged', async (t) => {
    await enqueue(pool)
    const claims: number[] = []
    const second = Promise.withResolvers<void>()
    const { log } = start(t, {
      retryMs: () => 1,
      async dispatch(row) {
        claims.push(row.claims)
        if (claims.length === 1) throw new Error('the broker is away')
        second.resolve()
      }
    })
    await second.promise
    t.same(claims, [1, 2])
    t.match(await log.said(/is retried/), { level: 'warn', details: { claims: 1 } })
  })

  t.test('a row that is given up is deleted, and that is an error', async (t) => {
    await enqueue(pool)
    const { outbox, log } = start(t, {
      retryMs: () => null,
      dispatch: () => Promise.reject(new Error('never'))
    })
    await outbox.next('done')
    t.same(await rowsLeft(pool), [])
    t.match(await log.said(/given up/), { level: 'error' })
  })
}

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))
t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t)))
