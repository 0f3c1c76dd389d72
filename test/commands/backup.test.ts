import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { asyncprod } from '../support/cli.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { createFolder } from '../support/servers/guard.ts'
import { dataFolder, type Settings, startService } from '../support/service.ts'
import { keyOf, post, upload } from '../support/uploads.ts'

const SOURCES = { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
const PRODUCTS = 3

/** An app with finished images, on a folder of its own. */
async function filledApp(t: Test, settings: Settings = {}) {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const DATA_DIR = await dataFolder()
  const app = await buildTestApp(t, { DATA_DIR, ...SOURCES, ...settings })
  for (let n = 1; n <= PRODUCTS; n++) {
    origin.on(`/${n}.jpg`, respond(await labelled(n)))
    await app.products.create({
      user_id: 1,
      product_name: `Lamp ${n}`,
      product_images: [`${origin.url}/${n}.jpg`]
    })
    await settled(app, n)
  }
  return { app, DATA_DIR }
}

t.test('a backup of a service that runs', async (t) => {
  const { app, DATA_DIR } = await filledApp(t)
  await app.close()
  const service = startService(t, { DATA_DIR, ...SOURCES })
  const url = await service.ready()
  const folder = join(createFolder('backups'), 'monday')
  const acknowledged: number[] = []
  let isOver = false
  async function write(): Promise<void> {
    while (!isOver) {
      const body = JSON.stringify({ user_id: 1, product_name: 'Written meanwhile' })
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${url}/api/v1/products`, { method: 'POST', headers, body })
      acknowledged.push(response.status)
    }
  }
  const writing = write()
  const { code, stdout, stderr } = await asyncprod(['backup', folder], { DATA_DIR })
  isOver = true
  await writing
  t.equal(code, 0, stderr)
  const products = Number(/^Products: (\d+)\n/.exec(stdout)?.[1])
  t.ok(products >= PRODUCTS && products <= PRODUCTS + acknowledged.length, `${products} products`)
  t.notOk((await readdir(join(folder, '..'))).some((name) => name.endsWith('.unfinished')))
  t.same(new Set(acknowledged), new Set([201]), 'the service goes on meanwhile')
  await service.stop('SIGTERM')

  await t.test('is restored to a folder without a database only', async (t) => {
    const restored = join(createFolder('restored'), 'data')
    t.match(await asyncprod(['restore', folder], { DATA_DIR: restored }), {
      code: 0,
      stdout: /^Restored to /
    })
    const again = await asyncprod(['restore', folder], { DATA_DIR: restored })
    t.match(again, { code: 1, stderr: /There is a database in .*data: move it away/ })
    const app = await buildTestApp(t, { DATA_DIR: restored })
    const { rows } = await app.pg.pool.query('SELECT id FROM products ORDER BY id')
    t.same(
      rows.map(({ id }) => id),
      Array.from({ length: products }, (_, index) => index + 1),
      'with everything up to a moment, and nothing after it'
    )
    for (let id = 1; id <= PRODUCTS; id++) {
      const [image] = (await app.inject(`/api/v1/products/${id}`)).json().images
      const path = new URL(image.url).pathname
      t.match(await app.inject(path), { statusCode: 200 })
    }
  })
})

t.test('a backup of a folder without a service enqueues images again that have no object', async (t) => {
  const { app, DATA_DIR } = await filledApp(t)
  await app.close()
  await rm(join(DATA_DIR, 'objects/products/2'), { recursive: true })
  const folder = join(createFolder('backups'), 'tuesday')
  const { code, stdout } = await asyncprod(['backup', folder], { DATA_DIR })
  t.equal(code, 0)
  t.match(stdout, /^Products: 3; 1 of them lack an object and are enqueued again$/m)
  const restored = await buildTestApp(t, { DATA_DIR: folder, ...SOURCES })
  const { images } = await settled(restored, 2)
  t.match(images, [{ status: 'done' }])
  t.ok(existsSync(join(folder, 'objects', String(images[0]?.object_key))))
})

t.test('lost originals and uploads are named, and give exit code 1', async (t) => {
  const KEEP_ORIGINALS = 'true'
  const { app, DATA_DIR } = await filledApp(t, { KEEP_ORIGINALS })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const used = await upload(app, await labelled(9))
  t.equal((await post(app, { product_images: [used] })).statusCode, 201)
  await settled(app, PRODUCTS + 1)
  const unused = await upload(app, await labelled(9))
  const { rows } = await app.pg.pool.query(
    `SELECT original->>'key' AS key FROM product_images WHERE product_id = 2`
  )
  const lost = [...rows.map(({ key }) => key), keyOf(used)]
  await app.close()
  for (const key of [...lost, keyOf(unused)]) await rm(join(DATA_DIR, 'objects', key))

  const folder = join(createFolder('backups'), 'wednesday')
  const [original, sent] = lost
  const lostOnes = {
    code: 1,
    stdout: `Uploads that were not sent: 1 (${keyOf(unused)})\n`,
    stderr: [
      `Lost: the original ${original} of product 2`,
      `Lost: the upload ${sent} of product 4`,
      'Lost objects: 2. Take'
    ].join('\n')
  }
  const made = await asyncprod(['backup', folder], { DATA_DIR })
  t.match(made, lostOnes)
  t.match(made.stdout, /The backup is in /)
  const restored = join(createFolder('restored'), 'data')
  t.match(await asyncprod(['restore', folder], { DATA_DIR: restored }), lostOnes)
})

t.test('a folder that cannot be backed up or restored is refused', async (t) => {
  const DATA_DIR = await dataFolder()
  t.match(await asyncprod(['backup'], { DATA_DIR }), { code: 2, stderr: /asyncprod backup <folder>/ })
  t.match(await asyncprod(['backup', DATA_DIR], { DATA_DIR }), { code: 1, stderr: /exists already/ })
  t.match(await asyncprod(['restore', createFolder('empty')]), { code: 1, stderr: /There is no backup in / })
  const DATABASE_URL = 'postgres://localhost:1/none'
  t.match(await asyncprod(['backup', 'x'], { DATABASE_URL }), { code: 1, stderr: /pg_dump/ })
})
