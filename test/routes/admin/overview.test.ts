import t from 'tap'
import { writeMinute } from '../../../lib/figures/minute.ts'
import { notStored } from '../../../lib/storage/object-store.ts'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'

const app = await buildTestApp(t, { ROLE: 'all' })
const call = await documented(app)

t.test('an image that failed is in the overview at once, and in the history', async (t) => {
  const payload = { user_id: 1, product_name: 'Lamp', product_images: ['https://lamps.invalid/1.jpg'] }
  await call({ method: 'POST', url: '/api/v1/products', payload })
  await app.pg.query(`UPDATE product_images SET status = 'failed', error_code = 'unreachable'`)
  const { images, queue, dependencies, dependency_errors } = (
    await call({ url: '/api/v1/admin/overview' })
  ).json()
  t.strictSame(images, {
    pending: 0,
    done: 0,
    failed: 1,
    failed_by_code: { unreachable: 1 },
    retrying_by_code: {}
  })
  t.equal(queue, null)
  t.strictSame(dependencies, { database: 'embedded', redis: 'embedded', storage: 'embedded' })
  t.strictSame(dependency_errors, {})
  await writeMinute(app.pg.pool)
  const { minutes } = (await call({ url: '/api/v1/admin/history' })).json()
  const sum = (name: string) =>
    minutes.reduce((total: number, minute: Record<string, number>) => total + (minute[name] ?? 0), 0)
  t.strictSame([sum('created'), sum('failed'), sum('done')], [1, 1, 0])
  t.strictSame((await call({ url: '/api/v1/admin/history?since=2100-01-01T00:00:00Z' })).json(), {
    minutes: []
  })
  t.equal((await call({ url: '/api/v1/admin/history?since=now' })).statusCode, 400)
})

t.test('the overview says why a dependency cannot be used', async (t) => {
  const { uploads } = app.storeBreakers
  const refused = new Error('Access Denied')
  const upload = () => uploads.run(new AbortController().signal, () => Promise.reject(notStored(refused)))
  for (let n = 0; n < 5; n++) await upload().catch(() => undefined)
  const { dependencies, dependency_errors } = (await call({ url: '/api/v1/admin/overview' })).json()
  t.strictSame(dependencies, { database: 'embedded', redis: 'embedded', storage: 'unavailable' })
  t.strictSame(dependency_errors, { storage: 'Access Denied' })
})
