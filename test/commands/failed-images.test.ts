import t from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { asyncprod } from '../support/cli.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { linkedServers } from '../support/links.ts'
import { needsServices } from '../support/servers/needs.ts'
import { dataFolder } from '../support/service.ts'

const product = { user_id: 1, product_name: 'Lamp', product_price: 1 }

t.test('retry with a code enqueues the images that failed with it, and no others', async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.on('/text', respond('no image', { type: 'text/plain' }))
  const variables = { DATA_DIR: await dataFolder(), ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
  const app = await buildTestApp(t, variables)
  const product_images = [`${origin.url}/missing`, `${origin.url}/text`]
  const id = await app.products.create({ ...product, product_images })
  await settled(app, id)
  await app.close()

  const retry = await asyncprod(['failed', 'retry', '--all', '--code', 'http_status'], variables)
  t.match(retry, { code: 0, stdout: /: 1\n$/ }, retry.stderr)
  const list = await asyncprod(['failed', 'list'], variables)
  t.match(list.stdout, 'unsupported_format')
  t.notMatch(list.stdout, 'http_status')
})

t.test('retry ends while Redis is frozen', needsServices, async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const { links, settings } = await linkedServers(t)
  for (const link of Object.values(links)) await link.open()
  const app = await buildTestApp(t, settings)
  await settled(app, await app.products.create({ ...product, product_images: [`${origin.url}/missing`] }))
  await app.close()
  links.redis.freeze()
  const retry = await asyncprod(['failed', 'retry', '--all'], settings)
  t.match(retry, { code: 0, stdout: /: 1\n$/ }, retry.stderr)
})
