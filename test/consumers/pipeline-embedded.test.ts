import t from 'tap'
import { settled } from '../support/app.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { pipeline } from './pipeline.ts'
import { embedded } from './services-under-test.ts'

t.test('on embedded parts', async (t) => {
  await pipeline(t, embedded)

  t.test('work that comes due again and again without an end fails the image', async (t) => {
    const { app } = await embedded(t)
    const origin = await startOrigin()
    t.teardown(() => origin.stop())
    origin.on('/1', respond('', { status: 503, headers: { 'retry-after': '1800' } }))
    const id = await app.products.create({
      user_id: 1,
      product_name: 'Lamp',
      product_price: 1,
      product_images: [`${origin.url}/1`]
    })
    await origin.requested('/1')
    while (!(await app.products.load(id))?.images[0]?.attempts);
    // As ten processes leave it that were killed.
    await app.pg.query(
      `UPDATE product_images SET due_at = now(), interruptions = 9 WHERE product_id = ${id};
       UPDATE outbox SET due_at = now(), claims = 10 WHERE product_id = ${id}`
    )
    app.outbox.poke()
    t.match((await settled(app, id)).images, [{ status: 'failed', error_code: 'internal' }])
  })
})
