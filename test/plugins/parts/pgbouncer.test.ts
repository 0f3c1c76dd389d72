import pg from 'pg'
import t, { type Test } from 'tap'
import { buildTestApp, settled } from '../../support/app.ts'
import { startOrigin } from '../../support/http/origin.ts'
import { labelled } from '../../support/pictures/pictures.ts'
import { needsOwn } from '../../support/servers/needs.ts'
import { startPgbouncer } from '../../support/servers/pgbouncer.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

const direct = async (t: Test) => await (await sharedPostgres(t)).createDatabase()

/** Whatever a database says: a pooler keeps what the service sets for its session. */
async function setGermanDates(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(`ALTER DATABASE ${client.database} SET DateStyle = 'German'`)
  await client.end()
}

const url = '/api/v1/products'
const product = { user_id: 1, product_name: 'Lamp', product_price: 33333333.33 }

t.test('behind PgBouncer with pool_mode=transaction', needsOwn('pgbouncer'), async (t) => {
  const DATABASE_DIRECT_URL = await direct(t)
  await setGermanDates(DATABASE_DIRECT_URL)
  const pooler = await startPgbouncer(DATABASE_DIRECT_URL)
  t.teardown(() => pooler.stop())
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const settings = {
    DATABASE_URL: pooler.url,
    DATABASE_DIRECT_URL,
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8'
  }
  const [app, other] = [await buildTestApp(t, settings), await buildTestApp(t, settings)]

  t.test('requests at once create and read products', async (t) => {
    const creates = Array.from({ length: 100 }, () => app.inject({ method: 'POST', url, payload: product }))
    const created = await Promise.all(creates)
    t.strictSame(new Set(created.map(({ statusCode }) => statusCode)), new Set([201]))
    const reads = created.slice(0, 60).map(({ headers }) => other.inject(String(headers.location)))
    const found = (await Promise.all(reads)).map((read) => read.json())
    t.match(found, Array(60).fill({ ...product, created_at: /^\d{4}-\d\d-\d\dT/ }))
  })

  t.test('a list is read in one transaction', async (t) => {
    const lists = await Promise.all(Array.from({ length: 5 }, () => app.inject(`${url}?limit=3`)))
    t.strictSame(
      lists.map((list) => list.json().length),
      [3, 3, 3, 3, 3]
    )
  })

  t.test('an image is made', async (t) => {
    origin.serve('/1', await labelled(1, { width: 60, height: 40 }))
    const id = await app.products.create({ ...product, product_images: [`${origin.url}/1`] })
    t.match((await settled(app, id)).images, [{ status: 'done', width: 60, height: 40 }])
    // As the Go service does: its row is claimed.
    const { rows } = await app.pg.query<{ id: number }>(
      `INSERT INTO products (user_id, product_name, product_price, product_images) VALUES (1, 'Lamp', 1, $1)
       RETURNING id`,
      [[`${origin.url}/1`]]
    )
    app.outbox.poke()
    t.match((await settled(app, rows[0]?.id ?? 0)).images, [{ status: 'done', width: 60 }])
  })

  t.test('another process is notified of a change', async () => {
    const id = await app.products.create(product)
    const changed = Promise.withResolvers<void>()
    other.productChanges.subscribe(id, changed.resolve)
    await app.inject({ method: 'PUT', url: `${url}/${id}`, payload: { ...product, product_price: 2 } })
    await changed.promise
  })
})

for (const [setting, what] of [
  ['', 'refuses settings of the session'],
  ['ignore_startup_parameters = statement_timeout', 'ignores settings of the session']
] as const)
  t.test(
    `a pooler that ${what} stops a start without DATABASE_DIRECT_URL`,
    needsOwn('pgbouncer'),
    async (t) => {
      const pooler = await startPgbouncer(await direct(t), setting)
      t.teardown(() => pooler.stop())
      await t.rejects(buildTestApp(t, { DATABASE_URL: pooler.url }), {
        message: /leads to a connection pooler\. Set DATABASE_DIRECT_URL to the server behind it/
      })
    }
  )
