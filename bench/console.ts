import { parseArgs } from 'node:util'
import pg from 'pg'
import { migrate } from '../lib/database/migrate.ts'
import { freePort } from '../test/support/servers/port.ts'
import { startPostgres } from '../test/support/servers/postgres.ts'
import { type Call, callsOf, type Known } from './console/calls.ts'
import { keptCounts } from './console/kept-counts.ts'
import { seed } from './console/seed.ts'
import { wholeImages } from './console/whole.ts'
import { startService, untilOk } from './program.ts'
import { quantile } from './statistics.ts'

const USAGE = `npm run bench:console -- [--images N] [--failures N] [--rounds N] [--writes N]

Fills a PostgreSQL with N images and calls what each screen of the console calls, --rounds times. Then compares
creates, jobs and whole images with and without kept counts and attempts, --writes times each.`

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '10000000' },
    failures: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '30' },
    writes: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false }
  }
})
if (options.help) console.log(USAGE)
else await main()

async function main(): Promise<void> {
  await using postgres = await startPostgres()
  const url = await postgres.createDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const started = performance.now()
    await migrate(client)
    await seed(client, { images: Number(options.images), failures: Number(options.failures) })
    const seconds = Math.round((performance.now() - started) / 1000)
    console.log({ seconds, ...(await sizes(client)) })
    await measure(client, url)
    console.table(await keptCounts(client, url, Number(options.writes)))
    console.table(await wholeImages(client, url, Number(options.writes)))
  } finally {
    await client.end()
  }
}

async function sizes(client: pg.Client): Promise<object | undefined> {
  const { rows } = await client.query<object>(`
    SELECT (SELECT sum(n)::float8 FROM image_counts) AS images, (SELECT count(*)::float8 FROM products) AS products,
      (SELECT sum(n)::float8 FROM image_counts WHERE status = 'failed') AS failures,
      pg_size_pretty(pg_database_size(current_database())) AS database,
      pg_size_pretty(pg_indexes_size('product_images')) AS "indexes of images"`)
  return rows[0]
}

async function measure(client: pg.Client, databaseUrl: string): Promise<void> {
  const PORT = `${await freePort()}`
  await using service = startService({ DATABASE_URL: databaseUrl, PORT })
  const url = `http://127.0.0.1:${PORT}`
  await untilOk(`${url}/health/ready`, service)
  const calls = callsOf(await known(client))
  const rows = []
  for (const call of calls) rows.push(await timed(`${url}/api/v1/admin/`, call))
  console.table(rows)
}

async function known(client: pg.Client): Promise<Known> {
  const { rows } = await client.query<Known>(`
    SELECT (SELECT id FROM product_images WHERE status = 'failed' ORDER BY product_id LIMIT 1) AS failed,
      (SELECT id FROM product_images WHERE product_id = m AND status = 'done' LIMIT 1) AS done, m AS product,
      rtrim(translate(encode((m || '.' || gen_random_uuid())::bytea, 'base64'), E'+/\\n', '-_'), '=') AS cursor
    FROM (SELECT max(id) / 2 AS m FROM products) AS middle`)
  const [row] = rows
  if (!row) throw new Error('There are no images')
  return row
}

/** The first call is no part of it. */
async function timed(api: string, { screen, path, body }: Call) {
  const call = body ? `${path} ${JSON.stringify(body).replaceAll('"', '')}` : path
  const times: number[] = []
  for (let round = 0; round <= Number(options.rounds); round++) {
    const started = performance.now()
    const response = await fetch(api + path, {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: { ...(body && { 'content-type': 'application/json' }) }
    })
    const text = await response.text()
    if (!response.ok) return { screen, call, status: response.status, first: text.slice(0, 80) }
    times.push(performance.now() - started)
  }
  const [first = Number.NaN, ...rest] = times
  const ms = (value: number) => Number(value.toFixed(1))
  return { screen, call, first: ms(first), p50: ms(quantile(rest)), p95: ms(quantile(rest, 0.95)) }
}
