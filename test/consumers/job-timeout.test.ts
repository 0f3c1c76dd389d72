import t from 'tap'
import { toProduct } from '../../lib/products/record.ts'
import { buildTestApp, settled } from '../support/app.ts'
import { silence, startOrigin } from '../support/http/origin.ts'

t.test(
  'an image that takes longer than a job may take ends as failed, and is not begun for ever',
  async (t) => {
    const origin = await startOrigin()
    t.teardown(() => origin.stop())
    origin.on('/silent.jpg', silence())
    const app = await buildTestApp(t, {
      ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
      DOWNLOAD_TIMEOUT_MS: '60000',
      JOB_TIMEOUT_MS: '100',
      MAX_ATTEMPTS: '2',
      RETRY_BASE_MS: '1'
    })
    const product_images = [`${origin.url}/silent.jpg`]
    const id = await app.products.create({
      user_id: 1,
      product_name: 'Lamp',
      product_price: 1,
      product_images
    })
    const { images } = toProduct(await settled(app, id))
    t.match(images, [{ status: 'failed', attempts: 2, error: { code: 'timeout' } }])
  }
)
