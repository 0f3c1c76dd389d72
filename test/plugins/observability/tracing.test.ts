import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import t from 'tap'
import { requestId } from '../../../lib/http/request-id.ts'
import { loggerOptions } from '../../../lib/log/log.ts'
import { buildTestApp, LogStream, settled } from '../../support/app.ts'
import { startOrigin } from '../../support/http/origin.ts'

interface Span {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
}

t.test('a product can be followed from its request to its last image', async (t) => {
  const spans: Span[] = []
  const collector = createServer(async (request, response) => {
    const body = (await json(request)) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }
    spans.push(...body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.teardown(() => new Promise((resolve) => collector.close(resolve)))
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const app = await buildTestApp(t, {
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
  })
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const created = await app.inject({
    method: 'POST',
    url: '/api/v1/products',
    headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    payload: {
      user_id: 1,
      product_name: 'Lamp',
      product_price: 1,
      product_images: [`${origin.url}/missing.jpg`]
    }
  })
  await settled(app, created.json().product_id)
  await app.close()

  const names = new Map(spans.map((span) => [span.spanId, span.name]))
  const tree = spans
    .filter((span) => span.traceId === traceId)
    .map(({ name, parentSpanId = '' }) => `${names.get(parentSpanId) ?? 'caller'} > ${name}`)
  t.strictSame(tree.sort(), [
    'POST /api/v1/products > images of a product',
    'caller > POST /api/v1/products',
    'images of a product > commit',
    'images of a product > download'
  ])
})

t.test('the log of a job names the request that it began with', async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const log = new LogStream()
  const variables = { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
  const logger = { ...loggerOptions('info'), stream: log }
  const app = await buildTestApp(t, variables, { logger })
  const payload = {
    user_id: 1,
    product_name: 'Lamp',
    product_price: 1,
    product_images: [`${origin.url}/missing.jpg`]
  }
  const created = await app.inject({
    method: 'POST',
    url: '/api/v1/products',
    headers: { 'x-request-id': 'from-the-proxy' },
    payload
  })
  await settled(app, created.json().product_id)

  t.equal(created.headers['x-request-id'], 'from-the-proxy')
  const lines = log.entries.filter(({ msg }) => msg === 'Request' || msg === 'Image failed')
  t.strictSame(lines.map(({ msg, request_id }) => [msg, request_id]).sort(), [
    ['Image failed', 'from-the-proxy'],
    ['Request', 'from-the-proxy']
  ])
})

t.test('a request id that could not stand in a log line is replaced', async (t) => {
  const [first, second] = ['two words', 'x'.repeat(129)].map((id) =>
    requestId({ headers: { 'x-request-id': id } })
  )
  t.match(first, /^[\w-]{8}-\w+$/)
  t.match(second, /^[\w-]{8}-\w+$/)
  t.not(first, second)
})
