import t from 'tap'
import { buildTestApp, LogStream } from '../support/app.ts'
import { linkedServers } from '../support/links.ts'
import { needsServices } from '../support/servers/needs.ts'

const OPTIONAL = ['redis', 'rabbitmq', 's3'] as const

t.test('an api starts without Redis, RabbitMQ and the bucket, and says so', needsServices, async (t) => {
  const { links, settings } = await linkedServers(t)
  await links.postgres.open()
  for (const [state, prepare] of [
    ['down', async () => undefined],
    ['frozen', freeze]
  ] as const) {
    t.test(state, async (t) => {
      await prepare()
      const stream = new LogStream()
      const app = await buildTestApp(
        t,
        { ...settings, ROLE: 'api', PUBLIC_BASE_URL: 'https://cdn.example' },
        { logger: { level: 'warn', stream } }
      )
      const product_images = ['https://example.com/lamp.jpg']
      const { statusCode } = await app.inject({
        method: 'POST',
        url: '/api/v1/products',
        payload: { user_id: 1, product_name: 'Desk lamp', product_price: 100, product_images }
      })
      t.equal(statusCode, 201)
      const { rows } = await app.pg.query('SELECT kind FROM outbox')
      t.match(rows, [{ kind: 'images' }], 'its images are due')
      const said = stream.entries.map(({ msg }) => msg).join('\n')
      for (const name of ['Redis', 'The object store'])
        t.match(said, `${name} cannot be used yet; the service starts without it`)
    })
  }

  async function freeze(): Promise<void> {
    for (const name of OPTIONAL) {
      await links[name].open()
      links[name].freeze()
    }
  }
})
