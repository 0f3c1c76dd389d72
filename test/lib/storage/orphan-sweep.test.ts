import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pool } from 'pg'
import t from 'tap'
import { FileStore } from '../../../lib/storage/files.ts'
import { objectKey, originalKey, renditionKey } from '../../../lib/storage/object-key.ts'
import { OrphanSweep } from '../../../lib/storage/orphan-sweep.ts'
import { orphans, PREFIXES, removeOrphans } from '../../../lib/storage/orphans.ts'
import { uploadKey } from '../../../lib/uploads/source.ts'
import { Uploads } from '../../../lib/uploads/uploads.ts'
import { embeddedDatabase } from '../../support/database.ts'
import { createLog } from '../../support/log.ts'
import { createFolder } from '../../support/servers/guard.ts'

const { signal } = new AbortController()
const DAYS = 24 * 60 * 60
const picture = Buffer.from('a picture')
const THUMB = { name: 'thumb', width: 20, fit: 'inside', format: 'webp', quality: 82 } as const

/** Objects in a folder, each as old as the test says. */
function openStore() {
  const folder = createFolder('objects')
  const objects = new FileStore(folder, () => 'http://a.test')
  return {
    objects,
    async put(key: string, days: number) {
      await objects.put(key, picture, signal)
      const then = Date.now() / 1000 - days * DAYS
      await utimes(join(folder, key), then, then)
      return key
    },
    async keys(prefix = 'products/') {
      const found: string[] = []
      for await (const { key } of objects.list(prefix)) found.push(key)
      return found
    }
  }
}

const keyOf = (product: number) => objectKey(product, { id: crypto.randomUUID(), generation: 1 }, picture)

async function createImage(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ product_id: number; id: string }>(
    `WITH product AS (INSERT INTO products (user_id, product_name, product_price, version)
      VALUES (1, 'Lamp', 1, 1) RETURNING id)
     INSERT INTO product_images (product_id, source_url, status) SELECT id, 'http://a.test/1.jpg', 'done' FROM product
     RETURNING product_id, id`
  )
  const [image] = rows
  if (!image) throw new Error('no image')
  const key = objectKey(image.product_id, { id: image.id, generation: 1 }, picture)
  await pool.query('UPDATE product_images SET object_key = $1 WHERE id = $2', [key, image.id])
  return key
}

t.test('on a database', async (t) => {
  const { pool } = await embeddedDatabase(t)

  t.test('leftovers of a product are removed even if the store’s clock is ahead of ours', async (t) => {
    const { objects, put, keys } = openStore()
    const named = await createImage(pool)
    const kept = await put(named, -1)
    await put(keyOf(70_000), -1)
    await removeOrphans(pool, objects, ['products/'], signal)
    t.strictSame(await keys(), [kept])
  })

  t.test('old objects of ours that no image names are removed, and no others', async (t) => {
    const { objects, put, keys } = openStore()
    const log = createLog()
    const kept = [
      await put(await createImage(pool), 3),
      await put(keyOf(2_000_000_001), 0.5),
      await put('products/2000000002/shoe_1700000000.jpg', 3)
    ]
    await put(keyOf(2_000_000_003), 3)
    await new OrphanSweep(pool, objects, log, 'products/', '').run(signal)
    t.same(await keys(), kept.sort())
    t.match(log.lines, [{ level: 'info', details: { objects: 1 } }])
  })

  t.test('an object that is removed later, as pages still show it, is no orphan', async (t) => {
    const { objects, put } = openStore()
    const named = await createImage(pool)
    const replaced = await put(keyOf(Number(named.split('/')[1])), 3)
    const orphan = await put(keyOf(2_000_000_004), 3)
    await pool.query(
      `INSERT INTO outbox (kind, payload, due_at) VALUES ('object', $1, now() + interval '10 min')`,
      [{ key: replaced }]
    )
    const found: string[] = []
    for await (const { key } of orphans(pool, objects, {})) found.push(key)
    t.same(found, [orphan])
  })

  t.test('originals are removed as results are', async (t) => {
    const { objects, put, keys } = openStore()
    const key = (product: number) => originalKey(product, { id: crypto.randomUUID(), generation: 1 }, picture)
    const [, product = ''] = (await createImage(pool)).split('/')
    const kept = await put(key(Number(product)), 3)
    await pool.query('UPDATE product_images SET original = $1 WHERE product_id = $2', [
      { key: kept },
      product
    ])
    await put(key(2_000_000_003), 3)
    const theirs = await put('originals/of-another-program.jpg', 3)
    for await (const { key } of orphans(pool, objects, { olderThanMs: 0 })) t.not(key, theirs)
    await new OrphanSweep(pool, objects, createLog(), 'originals/', '').run(signal)
    t.same(await keys('originals/'), [kept, theirs])
  })

  t.test('renditions that no image names are removed, and no others', async (t) => {
    const { objects, put, keys } = openStore()
    const main = await put(await createImage(pool), 3)
    const product = Number(main.split('/')[1])
    const key = (id: string) => renditionKey(product, { id, generation: 1 }, THUMB, picture)
    const kept = await put(key(crypto.randomUUID()), 3)
    await put(key(crypto.randomUUID()), 3)
    await pool.query('UPDATE product_images SET renditions = $1 WHERE product_id = $2', [
      { thumb: { key: kept } },
      product
    ])
    await new OrphanSweep(pool, objects, createLog(), 'products/', '').run(signal)
    t.same(await keys(), [main, kept].sort())
  })

  t.test('uploads whose rows are gone are removed', async (t) => {
    const { objects, put, keys } = openStore()
    const uploads = new Uploads(pool)
    const { id } = await uploads.create(1, { content_type: 'image/jpeg', bytes: null })
    const kept = [await put(uploadKey(id), 3), await put(uploadKey('readme.txt'), 3)]
    const young = await put(uploadKey(crypto.randomUUID()), 0.5)
    await put(uploadKey(crypto.randomUUID()), 3)
    await new OrphanSweep(pool, objects, createLog(), 'uploads/', '').run(signal)
    t.same(await keys('uploads/'), [...kept, young].sort())
  })

  t.test('keys of other programs are no orphans, however similar they are', async (t) => {
    const { objects, put, keys } = openStore()
    const key = keyOf(2_000_000_001)
    const strangers = [
      'products/readme.txt',
      'products/2000000001/photo.jpg',
      'products/2000000001/photo_1700000000.jpg',
      'products/2000000001/photo_1700000000000000000.jpg/large.jpg',
      'products/shoes/photo.jpg_1700000000000000000.jpg',
      key.replace('products/', 'products/catalogue/'),
      key.replace('.jpg', ''),
      key.replace('.jpg', '.jpeg'),
      key.replace('.jpg', '.jpg.bak'),
      key.replace(/-[0-9a-f]{12}\./, '.'),
      key.replace('-1-', '-'),
      key.toUpperCase().replace('PRODUCTS', 'products'),
      `originals/2000000001/${crypto.randomUUID()}`,
      `originals/2000000001/${crypto.randomUUID()}-1-abcdef012345.jpg`,
      'uploads/photo.jpg',
      `uploads/${crypto.randomUUID()}.jpg`,
      `uploads/2024/${crypto.randomUUID()}`,
      `uploads/${'0'.repeat(36)}`
    ]
    for (const stranger of strangers) await put(stranger, 3)
    const orphaned = [
      await put(key, 3),
      await put('products/2000000001/photo.jpg_1700000000000000000.jpg', 3),
      await put('products/2000000001/photo_1700000000000000000', 3)
    ]
    const found: string[] = []
    for await (const { key } of orphans(pool, objects, { olderThanMs: 0 })) found.push(key)
    t.same(found.sort(), orphaned.sort())
    for (const prefix of PREFIXES) await new OrphanSweep(pool, objects, createLog(), prefix, '').run(signal)
    const left = (await Promise.all(PREFIXES.map(keys))).flat()
    t.same(left.sort(), [...strangers, ...orphaned.slice(1)].sort(), 'those of the Go service stay, too')
  })

  t.test('a run is bounded, and the next one continues', async (t) => {
    const { objects, put, keys } = openStore()
    const log = createLog()
    for (let n = 0; n < 1000; n++) await put(`products/1/foreign-${n}.jpg`, 3)
    const last = await put(keyOf(2), 3)
    const sweep = new OrphanSweep(pool, objects, log, 'products/', '')
    await sweep.run(signal)
    t.ok((await keys()).includes(last))
    await sweep.run(signal)
    t.notOk((await keys()).includes(last))
  })

  t.test('in a bucket of another database nothing is removed', async (t) => {
    const { objects, put, keys } = openStore()
    const log = createLog()
    for (let n = 0; n < 101; n++) await put(keyOf(n), 3)
    await new OrphanSweep(pool, objects, log, 'products/', '').run(signal)
    t.equal((await keys()).length, 101)
    t.match(log.lines, [{ level: 'error', details: { orphans: 101 } }])
  })
})
