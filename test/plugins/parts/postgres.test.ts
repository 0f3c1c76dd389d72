import pg from 'pg'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

t.test(
  'a server that is lost while a start waits for its turn to migrate is tried again',
  needsServices,
  async (t) => {
    const connectionString = await (await sharedPostgres(t)).createDatabase()
    const other = new pg.Client({ connectionString })
    await other.connect()
    t.teardown(() => other.end())
    // As another process does that migrates at this moment.
    await other.query('SELECT pg_advisory_lock(7202611, hashtext(current_schema()))')
    const starting = buildTestApp(t, { DATABASE_URL: connectionString })
    const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'`
    while ((await other.query(kill)).rowCount === 0);
    await other.query('SELECT pg_advisory_unlock(7202611, hashtext(current_schema()))')
    const app = await starting
    const { rows } = await app.pg.query('SELECT username FROM users')
    t.same(rows, [{ username: 'testuser' }])
  }
)

t.test('a start on a migrated database does not wait for another migration', needsServices, async (t) => {
  const connectionString = await (await sharedPostgres(t)).createDatabase()
  await (await buildTestApp(t, { DATABASE_URL: connectionString })).close()
  const other = new pg.Client({ connectionString })
  await other.connect()
  t.teardown(() => other.end())
  await other.query('SELECT pg_advisory_lock(7202611, hashtext(current_schema()))')
  await t.resolves(buildTestApp(t, { DATABASE_URL: connectionString }))
})

t.test('a program starts on a database that a newer one has migrated', needsServices, async (t) => {
  const connectionString = await (await sharedPostgres(t)).createDatabase()
  const newer = await buildTestApp(t, { DATABASE_URL: connectionString })
  await newer.pg.query(
    `INSERT INTO asyncprod_migrations (version, name, md5, run_at) VALUES (999999, 'of the future', '', now())`
  )
  await newer.close()
  await t.resolves(buildTestApp(t, { DATABASE_URL: connectionString }))
})

t.test('a connection that is lost between two statements ends nothing', needsServices, async (t) => {
  const connectionString = await (await sharedPostgres(t)).createDatabase()
  const { pg } = await buildTestApp(t, { DATABASE_URL: connectionString, ROLE: 'all' })
  const client = await pg.pool.connect()
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const ended = new Promise<void>((resolve) => client.once('end', resolve))
  await pg.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
  await ended
  await t.rejects(client.query('SELECT 1'))
  client.release(true)
  t.same((await pg.query('SELECT 1 AS one')).rows, [{ one: 1 }])
})
