import t from 'tap'
import { buildShop } from '../examples/extend.ts'
import { importList } from '../examples/import-list.ts'
import { buildReceiver } from '../examples/webhook-receiver.ts'
import { buildTestApp, settled } from './support/app.ts'
import { startOrigin } from './support/http/origin.ts'
import { owned } from './support/owner.ts'
import { labelled } from './support/pictures/pictures.ts'
import { createFolder } from './support/servers/guard.ts'

const quiet = () => ({ DATA_DIR: createFolder('data'), LOG_LEVEL: 'silent' })

t.test('import-list: code of your own, tested without a port', async (t) => {
  const app = await buildTestApp(t)
  const ids = await importList(
    app,
    'Lamp;19.9;https://shop.example/lamp.jpg\nChair;80;https://shop.example/chair.jpg\n'
  )
  const names = ids.map(async (id) => (await app.inject(`/api/v1/products/${id}`)).json().product_name)
  t.strictSame(await Promise.all(names), ['Lamp', 'Chair'])
  await t.rejects(importList(app, 'Lamp;-1;https://shop.example/lamp.jpg'), {
    message: /^Lamp;-1;.*: must be >= 0$/
  })
  await t.rejects(importList(app, 'Lamp;cheap;https://shop.example/lamp.jpg'), {
    message: /^Lamp;cheap;.*: cheap is no price$/
  })
})

t.test('extend: a hook and a route of your own', async (t) => {
  const origin = owned(t, await startOrigin())
  origin.serve('/lamp.jpg', await labelled(1))
  const app = await buildShop({ ...quiet(), ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' })
  t.teardown(() => app.close())
  t.equal((await app.inject('/api/v1/products/1')).statusCode, 401)
  t.equal((await app.inject('/covers/1')).statusCode, 401)
  const headers = { cookie: 'session=1' }
  t.equal((await app.inject({ url: '/api/v1/products/1', headers })).statusCode, 404)
  t.equal((await app.inject({ url: '/covers/1', headers })).statusCode, 404)
  t.equal((await app.inject({ url: '/covers/one', headers })).statusCode, 400)
  const product_images = [`${origin.url}/lamp.jpg`]
  const id = await app.products.create({ user_id: 1, product_name: 'Lamp', product_images })
  const { images } = await settled(app, id)
  const cover = await app.inject({ url: `/covers/${id}`, headers })
  t.match(cover, { statusCode: 302, headers: { location: images[0]?.url } })
})

t.test(
  'webhook-receiver: takes what the service has signed, again after an error, and nothing else',
  async (t) => {
    const secret = `whsec_${Buffer.from('a secret of the receiver').toString('base64')}`
    const finished: unknown[] = []
    const accepted = Promise.withResolvers<void>()
    const receiver = buildReceiver(secret, async (product) => {
      finished.push(product)
      if (finished.length === 1) throw new Error('It is not ready yet')
      accepted.resolve()
    })
    t.teardown(() => receiver.close())
    const url = `${await receiver.listen({ host: '127.0.0.1', port: 0 })}/hook`
    t.equal((await receiver.inject({ method: 'POST', url: '/hook', payload: { data: {} } })).statusCode, 401)

    const origin = owned(t, await startOrigin())
    origin.serve('/lamp.jpg', await labelled(1))
    const app = await buildTestApp(t, {
      ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
      RETRY_BASE_MS: '10',
      WEBHOOK_URL: url,
      WEBHOOK_SECRET: secret
    })
    const product_images = [`${origin.url}/lamp.jpg`]
    const id = await app.products.create({ user_id: 1, product_name: 'Lamp', product_images })
    await accepted.promise
    const product = { id, image_status: 'done', images: [{ status: 'done', width: 800, height: 600 }] }
    t.match(finished, [product, product])
  }
)
