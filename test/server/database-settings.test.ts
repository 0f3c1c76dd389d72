import { cp, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { ROOT } from '../../scripts/generated.ts'
import { buildTestApp } from '../support/app.ts'
import { asyncprod } from '../support/cli.ts'
import { createFolder } from '../support/servers/guard.ts'
import { needsServices } from '../support/servers/needs.ts'
import { sharedPostgres, sharedRedis } from '../support/servers/shared.ts'

/** What a database may set, and what would change the text that is exchanged. */
const FOREIGN = {
  DateStyle: 'German',
  IntervalStyle: 'iso_8601',
  TimeZone: 'Asia/Tokyo',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  client_encoding: 'LATIN1',
  standard_conforming_strings: 'off'
}

const product = { user_id: 1, product_name: 'Grüße 안녕', product_price: 33333333.33 }

async function query(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(sql)
  await client.end()
}

for (const dateStyle of ['German', 'SQL, DMY', 'Postgres'])
  t.test(`a database whose DateStyle is ${dateStyle} changes no response`, needsServices, async (t) => {
    const DATABASE_URL = await (await sharedPostgres(t)).createDatabase()
    const name = new URL(DATABASE_URL).pathname.slice(1)
    for (const [setting, value] of Object.entries({ ...FOREIGN, DateStyle: dateStyle }))
      await query(DATABASE_URL, `ALTER DATABASE "${name}" SET ${setting} = '${value}'`)
    const app = await buildTestApp(t, { DATABASE_URL })
    const created = await app.inject({ method: 'POST', url: '/api/v1/products', payload: product })
    t.equal(created.statusCode, 201)
    const read = await app.inject(String(created.headers.location))
    t.match(read.json(), product)
    t.ok(Math.abs(Date.parse(read.json().created_at) - Date.now()) < 600_000, read.json().created_at)
  })

t.test('two services in two schemas of one database know nothing of each other', needsServices, async (t) => {
  const DATABASE_URL = await (await sharedPostgres(t)).createDatabase()
  const REDIS_URL = (await sharedRedis(t)).url
  const first = await buildTestApp(t, { DATABASE_URL, REDIS_URL })
  await first.products.create(product)
  for (const schema of ['second', 'third one']) {
    await query(DATABASE_URL, `CREATE SCHEMA "${schema}"`)
    const url = new URL(DATABASE_URL)
    url.searchParams.set('options', `-csearch_path="${schema.replace(' ', '\\ ')}",public`)
    const other = await buildTestApp(t, { DATABASE_URL: url.href, REDIS_URL })
    t.match(other.migrations[0], 'users-and-products', 'it is migrated by itself')
    t.strictSame((await other.inject('/api/v1/products')).json(), [])
    t.equal(await other.products.create({ ...product, product_name: schema }), 1)
    // The second read of a product is the first that may come from Redis.
    for (const _ of ['first', 'second', 'third']) {
      t.match((await first.inject('/api/v1/products/1')).json(), product)
      t.match((await other.inject('/api/v1/products/1')).json(), { product_name: schema })
    }
  }
})

// Node itself reads a star in a package's folder as a pattern.
t.test('no path is a pattern', needsServices, async (t) => {
  const DATABASE_URL = await (await sharedPostgres(t)).createDatabase()
  const folder = join(createFolder('patterns'), 'shop [prod] {a,b} a?b')
  const shipped = [
    'cli.ts',
    'app.ts',
    'package.json',
    'sql',
    'lib',
    'plugins',
    'consumers',
    'routes',
    'commands',
    'client'
  ]
  for (const name of shipped) await cp(join(ROOT, name), join(folder, name), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const migrate = await asyncprod(['migrate'], { DATABASE_URL }, folder, join(folder, 'cli.ts'))
  t.match(migrate, { code: 0, stdout: /^migrated 1 users-and-products\n/ }, migrate.stderr)
})
