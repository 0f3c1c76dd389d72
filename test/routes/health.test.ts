import t from 'tap'
import { documented } from '../documented.ts'
import { buildTestApp } from '../helper.ts'

const app = await buildTestApp(t)
const call = await documented(app)

t.test('the process is alive', async (t) => {
  const reply = await call({ url: '/health/live' })
  t.equal(reply.statusCode, 200)
  t.strictSame(reply.json(), { status: 'alive' })
})

t.test('each part is ready, and says whether it is embedded', async (t) => {
  const reply = await call({ url: '/health/ready' })
  t.equal(reply.statusCode, 200)
  t.strictSame(reply.json(), {
    status: 'ready',
    dependencies: { database: 'embedded', redis: 'embedded', storage: 'embedded' }
  })
})
