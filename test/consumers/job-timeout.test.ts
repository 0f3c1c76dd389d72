import t from 'tap'
import { buildApp } from '../../app.ts'
import { loadConfig } from '../../lib/config/config.ts'
import { toProduct } from '../../lib/products/record.ts'
import { settled } from '../support/app.ts'
import { silence, startOrigin } from '../support/http/origin.ts'
import { dataFolder } from '../support/service.ts'

t.test(
  'an image that takes longer than a job may take ends as failed, and is not begun for ever',
  async (t) => {
    const origin = await startOrigin()
    t.teardown(() => origin.stop())
    origin.on('/silent.jpg', silence())
    const config = loadConfig({
      DATA_DIR: await dataFolder(),
      LOG_LEVEL: 'silent',
      SHUTDOWN_GRACE_MS: '100',
      ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
      MAX_ATTEMPTS: '2',
      RETRY_BASE_MS: '1'
    })
    // The settings cannot make it shorter than a download. Together, several downloads take as long.
    const app = await buildApp({ ...config, images: { ...config.images, jobTimeoutMs: 100 } })
    t.teardown(() => app.close())
    await app.ready()
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
