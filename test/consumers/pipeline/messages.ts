import type { Test } from 'tap'
import type { ProductRecord } from '../../../lib/products/record.ts'
import { settled } from '../../support/app.ts'
import { silence } from '../../support/http/origin.ts'
import { create, held, hint, pathOf, picture, quiet, type Scene, until } from './scene.ts'

/** What repeated, useless and lost messages do. */
export function messages(t: Test, { app, open, origin, place }: Scene): void {
  t.test('repeated messages for one product make every image once', async (t) => {
    const { handle, letGo } = held(await picture(91))
    const url = place(handle)
    const asked = origin.requested(pathOf(url))
    const id = await create(app, [url])
    await asked
    await hint(app, id, 10)
    await quiet(app, id, 1)
    letGo()
    const record = await settled(app, id)
    await hint(app, id, 10)
    await quiet(app, id)
    t.same(await app.products.load(id).then((p) => p?.images), record.images)
    t.equal(origin.count(pathOf(url)), 1)
  })

  t.test('a message for a product that never was is forgotten', async (t) => {
    await hint(app, 2_000_000_000)
    await t.resolves(quiet(app, 2_000_000_000))
  })

  t.test('an image whose work was lost is enqueued again by the sweep', async (t) => {
    // Time enough for one attempt on a busy machine; the sweep runs as often.
    const { app } = await open(t, { JOB_TIMEOUT_MS: '10000', DOWNLOAD_TIMEOUT_MS: '10000' })
    const { rows } = await app.pg.query<{ id: number }>(
      `WITH lost AS (INSERT INTO products (user_id, product_name, product_price, product_images, version)
         VALUES (1, 'Lost', 1, ARRAY[$1], 1) RETURNING id)
       INSERT INTO product_images (product_id, source_url, due_at) SELECT id, $1, now() - interval '1 hour' FROM lost
       RETURNING product_id AS id`,
      [place(await picture(97))]
    )
    const record = await until(app, rows[0]?.id ?? 0, ({ images }) => images[0]?.status === 'done')
    t.equal(record.images[0]?.attempts, 1)
  })

  t.test('a stop releases the jobs that run, and no attempt is counted', async (t) => {
    const url = place(silence())
    const asked = origin.requested(pathOf(url))
    const { app } = await open(t)
    await create(app, [url])
    await asked
    const finish = app.products.background.finish.bind(app.products.background)
    const recorded = new Promise<ProductRecord | null>((resolve) => {
      app.products.background.finish = async (product, outcomes) => {
        const kept = await finish(product, outcomes)
        resolve(await app.products.load(product.id))
        return kept
      }
    })
    await app.close()
    t.match((await recorded)?.images, [{ status: 'pending', attempts: 0, error_code: null }])
  })
}
