import t, { type Test } from 'tap'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import { ProductCreator } from '../../../lib/products/create.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { needsServices } from '../../support/servers/needs.ts'

const LAMP = { user_id: 1, product_name: 'Lamp', product_price: 9.5, product_images: ['http://a.test/1.jpg'] }
const named = (external_id: string) => ({ ...LAMP, external_id })

/** What is unique in every database. */
function conformance(t: Test, { pool, another }: Database): void {
  const idOf = async (external_id: string) =>
    (await pool.query('SELECT id FROM products WHERE external_id = $1', [external_id])).rows[0]?.id

  t.test('one that is taken refuses none of those beside it', async (t) => {
    const creator = new ProductCreator(pool, new Outbox(pool))
    await creator.create(named('b'))
    const inputs = ['c', 'b', 'a', 'c', null].map((external_id) => ({ ...LAMP, external_id }))
    const ends = await Promise.allSettled(inputs.map((input) => creator.create(input)))
    const taken = { status: 'rejected', reason: { code: 'external_id_taken' } }
    t.match(ends, [
      { value: await idOf('c') },
      taken,
      { value: await idOf('a') },
      taken,
      { status: 'fulfilled', value: Number }
    ])
  })

  t.test('a key is not used up by what is refused, and returns what it created', async (t) => {
    const creator = new ProductCreator(pool, new Outbox(pool))
    const key = { caller: 'anyone', key: 'external' }
    await creator.create(named('used'))
    await t.rejects(creator.create(named('used'), key), { code: 'external_id_taken' })
    const id = await creator.create(named('unused'), key)
    t.equal(await creator.create(named('unused'), key), id)
  })

  t.test('processes that create the same ones in opposite orders never wait for each other', async (t) => {
    const creators = [pool, another].map((pool) => new ProductCreator(pool, new Outbox(pool)))
    const ids = Array.from({ length: 60 }, (_, n) => `both ${n}`)
    const ends = await Promise.all(
      creators.map((creator, n) =>
        Promise.allSettled((n ? ids.toReversed() : ids).map((id) => creator.create(named(id))))
      )
    )
    const reasons = ends.flat().flatMap((end) => (end.status === 'rejected' ? [end.reason.code] : []))
    t.strictSame([reasons.length, new Set(reasons)], [ids.length, new Set(['external_id_taken'])])
  })

  t.test('bulk products come due in the class of bulk work, without a lease', async (t) => {
    const outbox = new Outbox(pool)
    let reservations = 0
    const reserve = () => {
      reservations++
      return null
    }
    outbox.consumers.add('images', { reserve })
    const id = await new ProductCreator(pool, outbox, { bulk: true }).create(LAMP)
    const { rows } = await pool.query('SELECT class, claims FROM outbox WHERE product_id = $1', [id])
    t.strictSame([rows, reservations], [[{ class: 1, claims: 0 }], 0])
  })

  t.test('a process of an earlier version leaves them as they are', async (t) => {
    const id = await new ProductCreator(pool, new Outbox(pool)).create({
      ...named('kept'),
      metadata: { a: 1 }
    })
    await pool.query(`INSERT INTO products
      (user_id, product_name, product_description, product_price, product_images, version)
        VALUES (1, 'x', '', 1, '{}', 1)`)
    await pool.query(
      `UPDATE products SET product_name = 'y', product_description = '', product_price = 2, product_images = '{}',
       compressed_product_images = '{}', version = version + 1, updated_at = now() WHERE id = $1`,
      [id]
    )
    const { rows } = await pool.query(
      'SELECT product_name, external_id, metadata FROM products WHERE id = $1',
      [id]
    )
    t.strictSame(rows, [{ product_name: 'y', external_id: 'kept', metadata: { a: 1 } }])
  })
}

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))

t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t)))
