import pg from 'pg'
import t from 'tap'
import { migrate } from '../../lib/database/migrate.ts'
import { buildTestApp, LogStream } from '../support/app.ts'
import { documented } from '../support/openapi-conformance.ts'
import { PLACES } from '../support/places.ts'
import { needsServices } from '../support/servers/needs.ts'
import { sharedPostgres } from '../support/servers/shared.ts'

const PRODUCT = { user_id: 1, product_name: 'Desk lamp', product_price: 1 }

for (const { place, options, create } of PLACES) {
  t.test(`a fresh database (${place}) is migrated once, and keeps what is in it`, options, async (t) => {
    const { variables } = await create(t)
    const first = await buildTestApp(t, variables)
    const call = await documented(first)
    t.strictSame((await call({ url: '/api/v1/users/1' })).json(), { user_id: 1, username: 'testuser' })
    t.strictSame((await call({ url: '/api/v1/products' })).json(), [])
    const created = await call({ method: 'POST', url: '/api/v1/products', payload: PRODUCT })
    t.strictSame(created.json(), { product_id: 1 })
    const { rows } = await first.pg.query('SELECT user_id, id, username FROM users')
    t.strictSame(rows, [{ user_id: 1, id: 1, username: 'testuser' }], 'a key can be read by both its names')
    await first.close()

    const log = new LogStream()
    const second = await buildTestApp(t, variables, { logger: { level: 'info', stream: log } })
    t.strictSame(
      log.entries.filter(({ msg }) => msg === 'The database has been migrated'),
      []
    )
    t.match((await second.inject('/api/v1/products')).json(), [{ id: 1, product_name: 'Desk lamp' }])
  })
}

t.test('of ten that migrate an empty database at once, one does it', needsServices, async (t) => {
  const server = await sharedPostgres(t)
  const connectionString = await server.createDatabase()
  const clients = Array.from({ length: 10 }, () => new pg.Client({ connectionString }))
  await Promise.all(clients.map((client) => client.connect()))
  const applied = await Promise.all(clients.map(migrate))
  await Promise.all(clients.map((client) => client.end()))
  t.strictSame(applied.filter((migrations) => migrations.length > 0).length, 1)
})

t.test(
  'the server ends the transaction of a process that freezes while it migrates',
  needsServices,
  async (t) => {
    const server = await sharedPostgres(t)
    const client = new pg.Client({ connectionString: await server.createDatabase() })
    await client.connect()
    t.teardown(() => client.end())
    await client.query(`
    CREATE TABLE seen (timeout text);
    CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO public.seen VALUES (current_setting('idle_in_transaction_session_timeout')); END $$;
    CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION note()`)
    await migrate(client)
    t.strictSame((await client.query('SELECT DISTINCT timeout FROM seen')).rows, [{ timeout: '30s' }])
  }
)

t.test('a migration that fails leaves nothing behind', needsServices, async (t) => {
  const server = await sharedPostgres(t)
  const client = new pg.Client({ connectionString: await server.createDatabase() })
  await client.connect()
  t.teardown(() => client.end())
  await client.query('CREATE TABLE outbox (somebody text)')
  await t.rejects(migrate(client), { message: /relation "outbox" already exists/ })
  const { rows } = await client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
  t.strictSame(rows, [{ tablename: 'outbox' }])
  await client.query('DROP TABLE outbox')
  t.ok((await migrate(client)).length > 0)
})
