import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { startOrigin } from '../support/http/origin.ts'
import type { Owner } from '../support/owner.ts'

const SECRET = `whsec_${Buffer.from('a secret of the receiver').toString('base64')}`

interface Delivery {
  headers: IncomingHttpHeaders
  body: string
}

/** A receiver that responds with these statuses first, and then with 204. */
async function startReceiver(t: Owner, statuses: number[]) {
  const deliveries: Delivery[] = []
  const server = createServer(async (request, response) => {
    deliveries.push({ headers: request.headers, body: await text(request) })
    response.writeHead(statuses[deliveries.length - 1] ?? 204).end()
    server.emit('delivery')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => void server.close())
  const settings = {
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
    RETRY_BASE_MS: '10',
    WEBHOOK_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    WEBHOOK_SECRET: SECRET
  }
  const delivered = async (count: number) => {
    while (deliveries.length < count) await once(server, 'delivery')
  }
  return { deliveries, delivered, settings }
}

/** Creates a product whose only image fails. Resolves with its id when it has failed. */
async function createFailing(t: Owner, app: FastifyInstance): Promise<number> {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const product_images = [`${origin.url}/missing.jpg`]
  const product = { user_id: 1, product_name: 'Lamp', product_price: 1, product_images }
  const id = await app.products.create(product)
  await settled(app, id)
  return id
}

t.test('a receiver of webhooks', async (t) => {
  const { deliveries, delivered, settings } = await startReceiver(t, [500])
  const app = await buildTestApp(t, settings)
  const id = await createFailing(t, app)
  await delivered(2)

  const read = await app.inject(`/api/v1/products/${id}`)
  const [delivery, again] = deliveries

  t.test(
    'is notified once all images of a product are finished, with the product as it is read',
    async (t) => {
      t.strictSame(JSON.parse(delivery?.body ?? ''), {
        type: 'product.images.finished',
        timestamp: read.json().updated_at,
        data: read.json()
      })
    }
  )

  t.test('recognises the sender by the signature', async (t) => {
    const {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signature
    } = delivery?.headers ?? {}
    const expected = createHmac('sha256', 'a secret of the receiver').update(
      `${id}.${timestamp}.${delivery?.body}`
    )
    t.equal(signature, `v1,${expected.digest('base64')}`)
  })

  t.test('is notified again under the same id when it could not take the message', async (t) => {
    t.equal(again?.headers['webhook-id'], delivery?.headers['webhook-id'])
    t.equal(again?.body, delivery?.body)
  })
})

t.test('a product whose id is used again, as after a failover, has webhooks of another id', async (t) => {
  const { deliveries, delivered, settings } = await startReceiver(t, [])
  for (const count of [1, 2]) {
    const app = await buildTestApp(t, settings)
    t.equal(await createFailing(t, app), 1, 'each database begins anew')
    await delivered(count)
  }
  t.equal(new Set(deliveries.map(({ headers }) => headers['webhook-id'])).size, 2)
})

t.test('a webhook that leads inside stops the start', async (t) => {
  await t.rejects(buildTestApp(t, { WEBHOOK_URL: 'http://169.254.169.254/hook' }), {
    message:
      'WEBHOOK_URL cannot be used: it must not point to a private or reserved address. ' +
      'A receiver in a private network needs ALLOWED_SOURCE_NETWORKS'
  })
})
