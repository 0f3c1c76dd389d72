import t, { type Test } from 'tap'
import { Deliveries } from '../../../lib/deliveries/deliveries.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { needsServices } from '../../support/servers/needs.ts'

const delivery = { message_id: 'a', product_id: 1, user_id: 1, attempt: 1, status: 204, ms: 1.5, error: null }

async function conformance(t: Test, { pool }: Database): Promise<void> {
  const deliveries = new Deliveries(pool)
  const ids = async () => (await deliveries.list({ limit: 10 })).deliveries.map(({ id }) => id)
  for (let i = 0; i < 4; i++) await deliveries.record(delivery)
  t.equal(await deliveries.prune(10), 0)
  await pool.query("UPDATE deliveries SET at = now() - interval '8 days' WHERE id < 3")
  t.equal(await deliveries.prune(1), 1)
  t.equal(await deliveries.prune(10), 1)
  t.strictSame(await ids(), ['4', '3'])
  await pool.query('ALTER TABLE deliveries ALTER id RESTART 100004')
  await deliveries.record(delivery)
  t.equal(await deliveries.prune(10), 2)
  t.strictSame(await ids(), ['100004'])
}

t.test('old deliveries are removed from an embedded database', async (t) =>
  conformance(t, await embeddedDatabase(t))
)

t.test('old deliveries are removed from PostgreSQL', needsServices, async (t) => {
  await conformance(t, await realDatabase(t))
})
