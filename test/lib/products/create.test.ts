import t, { type Test } from 'tap'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import type { OutboxRow } from '../../../lib/outbox/row.ts'
import { createProduct } from '../../../lib/products/create.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { needsServices } from '../../support/servers/needs.ts'

const HOUR = 3_600_000
const URLS = ['http://a.test/1.jpg', 'http://a.test/2.jpg']
const LAMP = { user_id: 1, product_name: 'Lamp', product_price: 9.5, product_images: URLS }

/** Somebody in this process who has room for as long a lease, and keeps what is handed over. */
function taking(outbox: Outbox, leaseMs: number): OutboxRow[] {
  const taken: OutboxRow[] = []
  const reservation = { leaseMs, accept: (row: OutboxRow) => void taken.push(row), cancel: () => undefined }
  outbox.consumers.add('images', { reserve: () => (leaseMs > 0 ? reservation : null) })
  return taken
}

/** What every database that products are created in has to do. */
function conformance(t: Test, { pool }: Database): void {
  t.beforeEach(async () => void (await pool.query('DELETE FROM outbox')))

  const owed = async () =>
    (
      await pool.query<{ id: string; product_id: number; claims: number; due: boolean }>(
        'SELECT id, product_id, claims, due_at <= now() AS due FROM outbox'
      )
    ).rows

  t.test('who has room is handed over what is owed, under a lease and without a claim', async (t) => {
    const outbox = new Outbox(pool)
    const taken = taking(outbox, HOUR)
    const product_id = await createProduct(pool, outbox, LAMP)
    const [row, ...others] = await owed()
    t.same([row, others], [{ id: row?.id, product_id, claims: 1, due: false }, []])
    t.same(taken, [
      { id: row?.id, kind: 'images', product_id, payload: {}, claims: 1, user_id: 1, product_images: URLS }
    ])
    t.same(await outbox.claim('images', 10, HOUR), [], 'it is nobody else’s while the lease lasts')
  })

  t.test('where nobody has room it is due at once, and all are woken', async (t) => {
    const outbox = new Outbox(pool)
    const taken = taking(outbox, 0)
    const woken: string[][] = []
    outbox.events.on('due', (kinds) => woken.push(kinds))
    const product_id = await createProduct(pool, outbox, LAMP)
    t.same([taken, woken], [[], [['images']]])
    t.match(await owed(), [{ product_id, claims: 0, due: true }])
  })

  t.test('a product without images owes nothing', async (t) => {
    const outbox = new Outbox(pool)
    const taken = taking(outbox, HOUR)
    await createProduct(pool, outbox, { ...LAMP, product_images: [] })
    t.same([taken, await owed()], [[], []])
  })

  t.test('what is sent twice under one key is created and owed once', async (t) => {
    const outbox = new Outbox(pool)
    const key = { caller: 'anyone', key: 'one' }
    const first = await createProduct(pool, outbox, LAMP, key)
    t.equal(await createProduct(pool, outbox, LAMP, key), first)
    t.match(await owed(), [{ product_id: first, claims: 0, due: true }])
  })

  t.test('an unknown user is an error of the input', async (t) => {
    await t.rejects(createProduct(pool, new Outbox(pool), { ...LAMP, user_id: 999 }), {
      code: 'unknown_user'
    })
    t.same(await owed(), [])
  })
}

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))

t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t)))
