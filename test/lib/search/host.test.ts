import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import t from 'tap'
import { inTransaction } from '../../../lib/database/transaction.ts'
import { conditionsOf } from '../../../lib/search/conditions.ts'
import { countImages } from '../../../lib/search/count.ts'
import { buildTestApp } from '../../support/app.ts'
import { PLACES } from '../../support/places.ts'

const failedOf = (host: string) => ({ status: 'failed' as const, host })

for (const { place, options, create } of PLACES)
  t.test(`failed images of a host (${place})`, options, async (t) => {
    const { variables } = await create(t)
    const { products, pg } = await buildTestApp(t, variables)
    const product = await products.create({ user_id: 1, product_name: 'Lamp', product_images: [] })
    const insert = (urls: string[]) =>
      pg.query(
        `INSERT INTO product_images (product_id, source_url, status, error_code)
         SELECT $1, url, 'failed', 'timeout' FROM unnest($2::text[]) AS url`,
        [product, urls]
      )
    const count = async (host: string) =>
      (await countImages(pg.pool, failedOf(host), { at: new Date(), ms: 60_000 })).images

    await t.test('are found by an index', async (t) => {
      for (const host of ['shop.example', 'shop.example:8443', '[2001:db8::1]:8443'])
        t.match(await planOf(pg.pool, host), /product_images_failed_by_host/, host)
    })

    await t.test('may have a source of any length', async (t) => {
      await insert([`https://${randomBytes(8000).toString('hex')}.long.example/1.jpg`])
      t.equal(await count('long.example'), 1)
    })

    await t.test('are counted with the domains below it, or with a port alone', async (t) => {
      await insert([
        ...['https://u:p@IMG.shop.example:8443/1', 'http://shop.example', 'https://img.shop.example?a@b'],
        ...['https://notshop.example/shop.example', 'https://[2001:db8::1]:8443/1', 'nonsense']
      ])
      const hosts = {
        ...{ 'shop.example': 3, 'img.SHOP.example': 2, example: 5, 'op.example': 0, shop: 0, '': 0 },
        ...{
          'img.shop.example:8443': 1,
          'shop.example:8443': 0,
          '[2001:DB8::1]': 1,
          '[2001:db8::1]:8443': 1
        },
        ...{ '[2001:db8::1]:844': 0, '%.example': 0, b: 0 }
      }
      const counts: Record<string, number> = {}
      for (const host of Object.keys(hosts)) counts[host] = await count(host)
      t.strictSame(counts, hosts)
    })
  })

/** As it would be with many images. */
function planOf(pool: Pool, host: string): Promise<string> {
  const values: unknown[] = []
  const { scope, rest } = conditionsOf(failedOf(host), new Date(), (value) => `$${values.push(value)}`)
  const explain = `EXPLAIN (FORMAT JSON) SELECT FROM product_images i WHERE ${[...scope, ...rest].join(' AND ')}`
  return inTransaction(pool, async (client) => {
    await client.query('SET LOCAL enable_seqscan = off')
    return JSON.stringify((await client.query(explain, values)).rows)
  })
}
