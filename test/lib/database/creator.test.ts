import t from 'tap'
import { removeExpiredKeys } from '../../../lib/database/creator.ts'
import { buildTestApp } from '../../support/app.ts'

const app = await buildTestApp(t)

t.test('keys older than a day are removed, so many at a time', async (t) => {
  await app.pg.query(`INSERT INTO idempotency_keys (caller, key, fingerprint, created_id, created_at)
    SELECT 'anyone', hours::text, '', 1, now() - hours * interval '1 hour' - interval '1 minute'
    FROM generate_series(22, 26) AS hours`)
  t.equal(await removeExpiredKeys(app.pg.pool, 2), 2)
  t.equal(await removeExpiredKeys(app.pg.pool, 2), 1)
  t.equal(await removeExpiredKeys(app.pg.pool, 2), 0)
  const { rows } = await app.pg.query('SELECT key FROM idempotency_keys ORDER BY key')
  t.strictSame(rows, [{ key: '22' }, { key: '23' }])
})
