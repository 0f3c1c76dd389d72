import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { silence, startOrigin } from '../support/http/origin.ts'

const GRACE_MS = 4000

t.test('consumers stop side by side, inside one budget', async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  for (const path of ['/slow', '/hook']) origin.on(path, silence())
  const app = await buildTestApp(t, {
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
    SHUTDOWN_GRACE_MS: String(GRACE_MS),
    WEBHOOK_URL: `${origin.url}/hook`
  })
  const product = { user_id: 1, product_name: 'Lamp', product_price: 1 }
  const [download, delivery] = [origin.requested('/slow'), origin.requested('/hook')]
  await app.products.create({ ...product, product_images: [`${origin.url}/slow`] })
  await app.products.create({ ...product, product_images: [`${origin.url}/missing`] })
  await Promise.all([download, delivery])

  const begin = performance.now()
  await app.close()
  const ms = performance.now() - begin
  t.ok(ms < GRACE_MS, `a download and a webhook that never end were stopped after ${Math.round(ms)} ms`)
})
