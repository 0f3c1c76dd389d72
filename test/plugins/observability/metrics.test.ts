import t from 'tap'
import { buildTestApp, settled } from '../../support/app.ts'
import { startOrigin } from '../../support/http/origin.ts'

t.test('GET /metrics counts requests, images by outcome, stages and owed work', async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const app = await buildTestApp(t, { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' })
  const payload = {
    user_id: 1,
    product_name: 'Lamp',
    product_price: 1,
    product_images: [`${origin.url}/missing.jpg`]
  }
  const created = await app.inject({ method: 'POST', url: '/api/v1/products', payload })
  await settled(app, created.json().product_id)
  await app.inject('/api/v1/products/1')
  await app.inject('/api/v1/products/1')

  const reply = await app.inject('/metrics')

  t.match(reply.headers['content-type'], /^text\/plain; version=0\.0\.4/)
  const lines = reply.body.split('\n')
  for (const line of [
    'http_request_duration_seconds_count{method="POST",route="/api/v1/products",status="201"} 1',
    'http_request_duration_seconds_count{method="GET",route="/api/v1/products/:id",status="200"} 2',
    'asyncprod_images_total{outcome="failed",code="http_status"} 1',
    'asyncprod_stage_duration_seconds_count{stage="download",outcome="error"} 1',
    'asyncprod_stage_duration_seconds_count{stage="commit",outcome="ok"} 1',
    'asyncprod_cache_reads_total{found="database"} 1',
    'asyncprod_cache_reads_total{found="cache"} 1',
    'asyncprod_pending_images 0'
  ]) {
    t.ok(lines.includes(line), line)
  }
})

t.test('metrics are for callers who act for all users', async (t) => {
  const app = await buildTestApp(t, { API_KEYS: 'operator-key-of-16,customer-key-of-16:1' })
  const statuses = []
  for (const key of ['', 'customer-key-of-16', 'operator-key-of-16']) {
    statuses.push((await app.inject({ url: '/metrics', headers: { 'x-api-key': key } })).statusCode)
  }
  t.strictSame(statuses, [401, 403, 200])
})
