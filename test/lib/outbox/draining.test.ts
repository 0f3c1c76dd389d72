import { once } from 'node:events'
import t, { type Test } from 'tap'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { enqueue, rowsLeft } from '../../support/outbox.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { HOUR, held, relaysOn } from './relays.ts'

/** What every database under a relay has to let it do. */
function conformance(t: Test, { pool }: Database): void {
  t.beforeEach(async () => void (await pool.query('DELETE FROM outbox')))
  const start = relaysOn(pool)

  t.test('draining: a stop waits for running jobs', async (t) => {
    await enqueue(pool)
    const { dispatch, begun, end } = held()
    const { relay } = start(t, { dispatch })
    await begun
    const stopped = relay.stop(HOUR)
    end()
    await stopped
    t.same(await rowsLeft(pool), [])
  })

  t.test('draining: rows of aborted jobs are due at once, and their claim does not count', async (t) => {
    await enqueue(pool, { count: 2 })
    const begun = Promise.withResolvers<void>()
    const { relay } = start(t, {
      async dispatch(_row, signal) {
        begun.resolve()
        await once(signal, 'abort')
        throw signal.reason
      }
    })
    await begun.promise
    await relay.stop(0)
    const released = { claims: 0, due: true }
    t.same(await rowsLeft(pool), [released, released])
  })

  t.test('draining: nothing more is claimed', async (t) => {
    const { relay, outbox } = start(t, { dispatch: async () => undefined })
    await relay.stop(0)
    await enqueue(pool)
    outbox.poke()
    t.equal(outbox.events.listenerCount('due'), 0)
    t.same(await rowsLeft(pool), [{ claims: 0, due: true }])
  })

  t.test('draining: rows of a claim that ends too late are released', async (t) => {
    await enqueue(pool)
    const { outbox, relay } = start(t, { dispatch: async () => void t.fail('it was dispatched') })
    await relay.stop(HOUR)
    t.same(await rowsLeft(pool), [{ claims: 0, due: true }])
    t.equal(outbox.reserve('images', 1), null)
  })
}

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))
t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t)))
