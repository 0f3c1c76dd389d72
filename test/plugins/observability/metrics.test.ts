import { channel } from 'node:diagnostics_channel'
import t from 'tap'
import { buildTestApp, LogStream, settled } from '../../support/app.ts'
import { startOrigin } from '../../support/http/origin.ts'

t.test('GET /metrics counts requests, images by outcome, stages and work that is due', async (t) => {
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
    'asyncprod_fleet_pending_images 0',
    'asyncprod_scrape_errors_total{metric="asyncprod_fleet_pending_images"} 0'
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

t.test('a metric that cannot be read is missing, counted, and logged once', async (t) => {
  const log = new LogStream()
  const app = await buildTestApp(t, {}, { logger: { level: 'warn', stream: log } })
  const scrape = async () => (await app.inject('/metrics')).body.split('\n')
  await app.pg.query('ALTER TABLE product_images RENAME TO moved')
  await scrape()
  const lines = await scrape()
  t.notOk(lines.some((line) => line.startsWith('asyncprod_fleet_pending_images ')))
  t.ok(lines.some((line) => line.startsWith('asyncprod_database_connections{state="idle"} ')))
  t.ok(lines.includes('asyncprod_scrape_errors_total{metric="asyncprod_fleet_pending_images"} 2'))
  const reason = 'relation "product_images" does not exist'
  const failures = () => log.entries.filter(({ msg }) => msg === 'A metric cannot be read')
  t.match(failures(), [{ metric: 'asyncprod_fleet_pending_images', reason }])
  t.equal(failures().length, 1)
  await app.pg.query('ALTER TABLE moved RENAME TO product_images')
  t.ok((await scrape()).includes('asyncprod_fleet_pending_images 0'))
  await app.pg.query('ALTER TABLE product_images RENAME TO moved')
  await scrape()
  t.equal(failures().length, 2, 'once for each outage')
})

t.test('totals of the fleet say so, and how to combine them', async (t) => {
  const app = await buildTestApp(t)
  await app.pg.query(`INSERT INTO outbox (kind, class, due_at)
    VALUES ('object', 1, now() + interval '1 hour'), ('object', 1, now() + interval '2 hours')`)
  const { body } = await app.inject('/metrics')
  t.match(body, /^asyncprod_fleet_outbox_rows{kind="object",class="bulk",state="waiting"} 2$/m)
  t.match(body, /^asyncprod_fleet_outbox_oldest_seconds{kind="object"} 0$/m)
  const help = body.match(/^# HELP asyncprod_fleet_.*$/gm) ?? []
  t.equal(help.length, 4)
  for (const line of help) t.match(line, 'combine with max(), not sum()')
})

t.test('waits for a claim and killed decoders are counted', async (t) => {
  const app = await buildTestApp(t)
  channel('asyncprod:claimed').publish({ kind: 'images', class: 0, waitMs: 700 })
  channel('asyncprod:claimed').publish({ kind: 'images', class: 1, waitMs: 90_000 })
  channel('asyncprod:decoder').publish({ pid: 1, reason: 'memory' })
  const { body } = await app.inject('/metrics')
  const lines = body.split('\n')
  for (const line of [
    'asyncprod_claim_wait_seconds_bucket{le="0.5",kind="images",class="interactive"} 0',
    'asyncprod_claim_wait_seconds_bucket{le="1",kind="images",class="interactive"} 1',
    'asyncprod_claim_wait_seconds_sum{kind="images",class="bulk"} 90',
    'asyncprod_decoder_kills_total{reason="memory"} 1',
    'asyncprod_decoders 0',
    'asyncprod_decoder_resident_bytes 0'
  ]) {
    t.ok(lines.includes(line), line)
  }
})

t.test(
  'circuit breakers, places and reasons of snoozes are shown, without a label for an origin',
  async (t) => {
    const app = await buildTestApp(t)
    channel('asyncprod:outcome').publish({ status: 'snoozed', code: 'origin_down', wait_ms: 2000 })
    const { body } = await app.inject('/metrics')
    const lines = body.split('\n')
    for (const line of [
      'asyncprod_images_total{outcome="snoozed",code="origin_down"} 1',
      'asyncprod_origin_breakers{state="closed"} 0',
      'asyncprod_origin_breakers{state="open"} 0',
      'asyncprod_origin_breakers{state="half_open"} 0',
      'asyncprod_places{state="downloading"} 0',
      'asyncprod_places{state="downloading_troubled"} 0',
      'asyncprod_places{state="processing"} 0'
    ]) {
      t.ok(lines.includes(line), line)
    }
  }
)
