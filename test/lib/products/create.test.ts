import t, { type Test } from 'tap'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import type { OutboxRow } from '../../../lib/outbox/row.ts'
import { createProduct } from '../../../lib/products/create.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { needsServices } from '../../support/servers/needs.ts'

const HOUR = 3_600_000
const URLS = ['http://a.test/1.jpg', 'http://a.test/2.jpg']
const LAMP = { user_id: 1, product_name: 'Lamp', product_price: 9.5, product_images: URLS }

/** A consumer in this process that has places for as long a lease, and keeps the rows. */
function keeping(outbox: Outbox, leaseMs: number): OutboxRow[] {
  const kept: OutboxRow[] = []
  const reservation = { leaseMs, accept: (row: OutboxRow) => void kept.push(row), cancel: () => undefined }
  outbox.consumers.add('images', { reserve: () => (leaseMs > 0 ? reservation : null) })
  return kept
}

/** What every database that products are created in has to do. */
function conformance(t: Test, { pool }: Database): void {
  t.beforeEach(async () => void (await pool.query('DELETE FROM outbox')))

  const enqueued = async () =>
    (
      await pool.query<{ id: string; product_id: number; claims: number; due: boolean }>(
        'SELECT id, product_id, claims, due_at <= now() AS due FROM outbox'
      )
    ).rows

  t.test('a consumer with a place gets the row under a lease, without a claim', async (t) => {
    const outbox = new Outbox(pool)
    const kept = keeping(outbox, HOUR)
    const product_id = await createProduct(pool, outbox, LAMP)
    const [row, ...others] = await enqueued()
    t.same([row, others], [{ id: row?.id, product_id, claims: 1, due: false }, []])
    t.same(kept, [
      { id: row?.id, kind: 'images', product_id, payload: {}, claims: 1, user_id: 1, product_images: URLS }
    ])
    t.same(await outbox.claim('images', 10, HOUR), [], 'no one else claims it while the lease lasts')
  })

  t.test('without a place it is due at once, and all relays are woken', async (t) => {
    const outbox = new Outbox(pool)
    const kept = keeping(outbox, 0)
    const woken: string[][] = []
    outbox.events.on('due', (kinds) => woken.push(kinds))
    const product_id = await createProduct(pool, outbox, LAMP)
    t.same([kept, woken], [[], [['images']]])
    t.match(await enqueued(), [{ product_id, claims: 0, due: true }])
  })

  t.test('a product without images enqueues nothing', async (t) => {
    const outbox = new Outbox(pool)
    const kept = keeping(outbox, HOUR)
    await createProduct(pool, outbox, { ...LAMP, product_images: [] })
    t.same([kept, await enqueued()], [[], []])
  })

  t.test('what is sent twice under one key is created and enqueued once', async (t) => {
    const outbox = new Outbox(pool)
    const key = { caller: 'anyone', key: 'one' }
    const first = await createProduct(pool, outbox, LAMP, key)
    t.equal(await createProduct(pool, outbox, LAMP, key), first)
    t.match(await enqueued(), [{ product_id: first, claims: 0, due: true }])
  })

  t.test('an unknown user is an error of the input', async (t) => {
    await t.rejects(createProduct(pool, new Outbox(pool), { ...LAMP, user_id: 999 }), {
      code: 'unknown_user'
    })
    t.same(await enqueued(), [])
  })
}

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))

t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t)))
