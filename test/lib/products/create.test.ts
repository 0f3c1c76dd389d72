import t, { type Test } from 'tap'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import type { OutboxRow } from '../../../lib/outbox/row.ts'
import { ProductCreator } from '../../../lib/products/create.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { counted } from '../../support/statements.ts'

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
    const product_id = await new ProductCreator(pool, outbox).create(LAMP)
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
    const product_id = await new ProductCreator(pool, outbox).create(LAMP)
    t.same([kept, woken], [[], [['images']]])
    t.match(await enqueued(), [{ product_id, claims: 0, due: true }])
  })

  t.test('a product without images enqueues nothing', async (t) => {
    const outbox = new Outbox(pool)
    const kept = keeping(outbox, HOUR)
    await new ProductCreator(pool, outbox).create({ ...LAMP, product_images: [] })
    t.same([kept, await enqueued()], [[], []])
  })

  t.test('a product that is sent twice under one key is created and enqueued once', async (t) => {
    const outbox = new Outbox(pool)
    const key = { caller: 'anyone', key: 'one' }
    const first = await new ProductCreator(pool, outbox).create(LAMP, key)
    t.equal(await new ProductCreator(pool, outbox).create(LAMP, key), first)
    t.match(await enqueued(), [{ product_id: first, claims: 0, due: true }])
  })

  t.test('of many at once each gets the id of its own product and its own outbox row', async (t) => {
    const outbox = new Outbox(pool)
    const kept = keeping(outbox, HOUR)
    const creator = new ProductCreator(pool, outbox)
    const names = Array.from({ length: 150 }, (_, n) => `Lamp ${n}`)
    const statements = await counted(pool, async () => {
      const ids = await Promise.all(
        names.map((product_name, n) =>
          creator.create({ ...LAMP, product_name, product_images: [`http://a.test/${n}.jpg`] })
        )
      )
      const { rows } = await pool.query<{ product_name: string; product_images: string[]; row: string }>(
        `SELECT product_name, product_images, o.id::text AS row
          FROM unnest($1::integer[]) WITH ORDINALITY AS given (id, n)
         JOIN products USING (id) JOIN outbox o ON o.product_id = products.id ORDER BY n`,
        [ids]
      )
      t.same(
        rows.map((row) => [row.product_name, row.product_images]),
        names.map((name, n) => [name, [`http://a.test/${n}.jpg`]])
      )
      t.same(
        kept.map(({ id, product_id, product_images }) => [id, product_id, product_images]),
        rows.map(({ row, product_images }, n) => [row, ids[n], product_images])
      )
    })
    t.equal(statements, Math.ceil(names.length / 64) + 1, 'in few statements, and one to look')
  })

  t.test('one that is refused refuses none of those beside it', async (t) => {
    const creator = new ProductCreator(pool, new Outbox(pool))
    const key = { caller: 'anyone', key: 'beside' }
    const ends = await Promise.allSettled([
      creator.create(LAMP),
      creator.create({ ...LAMP, user_id: 999 }, key),
      creator.create({ ...LAMP, product_price: 1e9 }),
      creator.create({ ...LAMP, product_images: [] })
    ])
    t.match(ends, [
      { status: 'fulfilled', value: Number },
      { status: 'rejected', reason: { code: 'unknown_user' } },
      { status: 'rejected', reason: { code: '22003' } },
      { status: 'fulfilled', value: Number }
    ])
    t.equal((await enqueued()).length, 1)
    t.resolves(creator.create(LAMP, key), 'what was refused has not used up its key')
  })

  t.test('a refused one among many costs few statements, and no other is lost', async (t) => {
    const creator = new ProductCreator(pool, new Outbox(pool))
    const many = Array.from({ length: 64 }, (_, n) => ({ ...LAMP, user_id: n === 40 ? 999 : 1 }))
    const statements = await counted(pool, async () => {
      const ends = await Promise.allSettled(many.map((input) => creator.create(input)))
      t.same(
        ends.flatMap(({ status }, n) => (status === 'rejected' ? [n] : [])),
        [40]
      )
    })
    t.equal(statements, 13)
    t.equal((await enqueued()).length, 63)
  })

  t.test('of two with the same key in one statement the second is in flight', async (t) => {
    const creator = new ProductCreator(pool, new Outbox(pool))
    const key = { caller: 'anyone', key: 'twins' }
    t.match(await Promise.allSettled([creator.create(LAMP, key), creator.create(LAMP, key)]), [
      { status: 'fulfilled', value: Number },
      { status: 'rejected', reason: { code: 'in_flight' } }
    ])
    t.equal((await enqueued()).length, 1)
  })

  t.test('an unknown user is an error of the input', async (t) => {
    await t.rejects(new ProductCreator(pool, new Outbox(pool)).create({ ...LAMP, user_id: 999 }), {
      code: 'unknown_user'
    })
    t.same(await enqueued(), [])
  })
}

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))

t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t)))
