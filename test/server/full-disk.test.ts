import { randomBytes } from 'node:crypto'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import pg from 'pg'
import t, { type Test } from 'tap'
import { startEmbeddedPostgres } from '../../lib/database/pglite.ts'
import { create, settled, until } from '../support/http/client.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { owned } from '../support/owner.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { dataFolder, SERVER, Service, type Settings } from '../support/service.ts'
import { SmallDisk } from '../support/small-disk.ts'

const MB = 2 ** 20
const FULL = /The disk of DATA_DIR is full: free space on it/

const Reply = Type.Partial(
  Type.Object({ product_id: Type.Integer(), code: Type.String(), detail: Type.String() })
)
const Upload = Type.Object({
  put: Type.Object({
    url: Type.String(),
    method: Type.String(),
    headers: Type.Record(Type.String(), Type.String())
  })
})

async function post(url: string, product_images: string[] = []) {
  // Nothing compresses it.
  const product_description = randomBytes(75_000).toString('base64')
  const response = await fetch(`${url}/api/v1/products`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: 1, product_name: 'Lamp', product_description, product_images })
  })
  return { status: response.status, body: Value.Decode(Reply, await response.json()) }
}

/** Creates products until they are refused. Resolves with the ids of those that were acknowledged. */
async function createUntilFull(t: Test, url: string, source: string): Promise<number[]> {
  const ids: number[] = []
  async function createSome() {
    const images = [[`${source}?${ids.length}`], ...Array<string[]>(9).fill([])]
    const created = await Promise.all(images.map((sources) => post(url, sources)))
    ids.push(...created.flatMap(({ body }) => body.product_id ?? []))
    return created.filter(({ status, body }) => status !== 201 && body.code !== 'overloaded')
  }
  for (const refused of await until(createSome, ({ length }) => length > 0))
    t.match(refused, {
      status: 503,
      body: { code: 'unavailable', detail: 'The database is unavailable; retry later.' }
    })
  return ids
}

async function newUpload(url: string) {
  const headers = { 'content-type': 'application/json' }
  const made = await fetch(`${url}/api/v1/uploads`, { method: 'POST', headers, body: '{}' })
  return Value.Decode(Upload, await made.json()).put
}

async function send(put: Awaited<ReturnType<typeof newUpload>>, bytes: number) {
  const response = await fetch(put.url, { ...put, body: new Uint8Array(bytes) })
  return { status: response.status, text: await response.text() }
}

const NOT_STORED = { status: 503, text: /"The upload could not be stored; retry later\."/ }

async function startedOrigin(t: Test): Promise<string> {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.on('/lamp.jpg', respond(await labelled(1)))
  return `${origin.url}/lamp.jpg`
}

const warnings = ({ lines }: Service) => lines.filter((line) => FULL.test(line)).length

const settingsOf = (DATA_DIR: string): Settings => ({
  DATA_DIR,
  ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
  SHUTDOWN_GRACE_MS: '1000',
  RETRY_BASE_MS: '10',
  MAX_ATTEMPTS: '100'
})

/**
 * As `ulimit` bounds every file, nothing longer can be stored, without a disk that is full. NODE_OPTIONS
 * loads a part of tap that ends a process at its first SIGXFSZ, which Node ignores.
 */
const bounded = (settings: Settings, bytes: number) =>
  new Service(settings, {
    command: 'sh',
    args: ['-c', `ulimit -f ${bytes / 512}; unset NODE_OPTIONS; exec "$@"`, 'sh', process.execPath, SERVER]
  })

/** Its database replays its log, for which it needs space. */
async function cannotStart(t: Test, service: Service): Promise<void> {
  owned(t, service)
  t.same(await service.ended, { code: 1, signal: null })
  t.match(service.plainLines, [
    /^The embedded database in .* cannot be started: .*\. Free space on its disk, then start again\.$/
  ])
  t.equal(service.plainLines.length, 1, 'no stack')
}

t.test('a request that finds no space is refused, and what was acknowledged stays', async (t) => {
  const source = await startedOrigin(t)
  const DATA_DIR = await dataFolder()
  await grow(DATA_DIR)
  const settings = settingsOf(DATA_DIR)
  const full = owned(t, bounded(settings, 16 * MB))
  const url = await full.ready()
  const [larger, smaller] = [await newUpload(url), await newUpload(url)]
  const ids = await createUntilFull(t, url, source)
  t.match(await send(larger, 17 * MB), NOT_STORED)
  t.match(await send(smaller, MB), { status: 200 }, 'what finds space is stored')
  t.equal(warnings(full), 1, 'the log says once what to do')
  await full.stop('SIGKILL')

  await cannotStart(t, bounded(settings, MB / 16))
  const again = await owned(t, new Service(settings)).ready()
  for (const id of ids) t.match(await settled(again, id), { image_status: /^(done|none)$/ })
  t.match(await post(again), { status: 201 })
})

const disk = SmallDisk.mount(t)
if (disk)
  t.test('a disk that is full, empty, and full again', async (t) => {
    const source = await startedOrigin(t)
    const DATA_DIR = join(disk.folder, 'data')
    await cp(await dataFolder(), DATA_DIR, { recursive: true })
    const settings = settingsOf(DATA_DIR)
    const first = owned(t, new Service(settings))
    const url = await first.ready()
    // A new file for the log, with space for what the products bring: without one the process ends.
    await query(join(DATA_DIR, 'run'), 'SELECT pg_switch_wal()')
    const put = await newUpload(url)
    await disk.fill(MB)
    const ids = await createUntilFull(t, url, source)
    t.match(await send(put, 2 * MB), NOT_STORED)
    t.equal(warnings(first), 1, 'the log says once what to do')

    await disk.empty()
    for (const id of ids) t.match(await settled(url, id), { image_status: /^(done|none)$/ })
    t.match(await send(put, 2 * MB), { status: 200 }, 'the process goes on')
    const id = await create(url, [`${source}?last`])
    ids.push(id)
    t.match(await settled(url, id), { image_status: 'done' })

    await disk.fill(MB)
    // The next statement that writes needs a new file for the log.
    await query(join(DATA_DIR, 'run'), 'SELECT pg_switch_wal()')
    // A heartbeat may be what ends it, just before.
    t.notMatch(await post(url).catch(String), { status: 201 }, 'nothing is acknowledged')
    t.same(await first.ended, { code: 1, signal: null }, 'without a log the process ends')
    await cannotStart(t, new Service(settings))

    await disk.empty()
    const last = await owned(t, new Service(settings)).ready()
    for (const id of ids) t.match(await settled(last, id), { image_status: /^(done|none)$/ })
    t.match(await post(last), { status: 201 })
  })

/** The table of products becomes so large that few more fit into a bounded file. */
async function grow(dataDir: string): Promise<void> {
  const database = await startEmbeddedPostgres(dataDir)
  try {
    await query(
      database.host,
      `INSERT INTO products (user_id, product_name, product_description, product_price)
       SELECT 1, 'Lamp', (SELECT string_agg(md5(concat(random(), n, i)), '') FROM generate_series(1, 3000) AS i), 0
       FROM generate_series(1, 140) AS n`
    )
  } finally {
    await database.close()
  }
}

async function query(host: string, text: string): Promise<void> {
  const client = new pg.Client({ host, user: 'postgres', database: 'postgres' })
  client.on('error', () => undefined)
  await client.connect()
  await client.query(text)
  await client.end()
}
