import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildTestApp } from '../../support/app.ts'

const PATH = '/api/v1/products/import'

class Import {
  readonly request: ClientRequest
  readonly #response: Promise<[IncomingMessage]>
  #lines: AsyncIterator<string> | undefined

  constructor(url: string, headers: Record<string, string> = {}) {
    const options = { method: 'POST', headers: { 'content-type': 'application/x-ndjson', ...headers } }
    this.request = httpRequest(url + PATH, options)
    this.#response = once(this.request, 'response') as Promise<[IncomingMessage]>
    this.#response.catch(() => undefined)
    this.request.on('error', () => undefined)
    this.request.flushHeaders()
  }

  async response(): Promise<IncomingMessage> {
    return (await this.#response)[0]
  }

  write(product: object): void {
    this.request.write(`${JSON.stringify(product)}\n`)
  }

  /** Resolves with the next result; with null when the response has ended. */
  async next(): Promise<Record<string, unknown> | null> {
    this.#lines ??= createInterface({ input: await this.response() })[Symbol.asyncIterator]()
    const { value, done } = await this.#lines.next()
    return done ? null : JSON.parse(value)
  }
}

async function listening(t: Test, variables: Record<string, string> = {}) {
  const app = await buildTestApp(t, variables)
  return { app, url: await app.listen({ port: 0 }) }
}

const idsOf = async (app: FastifyInstance) =>
  (await app.pg.query('SELECT external_id FROM products ORDER BY id')).rows.map(
    ({ external_id }) => external_id
  )

t.test('a client may wait for a result before it sends the next line', async (t) => {
  const { app, url } = await listening(t)
  const sent = new Import(url)
  for (const [index, external_id] of ['a', 'b', 'c'].entries()) {
    sent.write({ external_id })
    t.match(await sent.next(), { line: index + 1, status: 201 })
  }
  sent.request.end()
  t.equal(await sent.next(), null)
  t.strictSame(await idsOf(app), ['a', 'b', 'c'])
})

t.test('if the client does not read, no more lines are read', async (t) => {
  const { app, url } = await listening(t)
  const sent = new Import(url)
  // Each refusal is longer than its line: the response fills the buffers first.
  const line = `${JSON.stringify({ external_id: 'x', product_images: Array(20).fill('ftp:x') })}\n`
  const block = line.repeat(1000)
  let blocks = 0
  let isFull = false
  while (!isFull && blocks < 1000) {
    blocks++
    if (sent.request.write(block)) continue
    const waits = Array.from({ length: 20 }, () => app.inject('/health'))
    isFull = await Promise.race([once(sent.request, 'drain').then(() => false), idle(waits)])
  }
  t.ok(isFull, `${blocks} blocks were sent`)
  sent.request.destroy()
})

/** Resolves with true when requests that come one after the other have been responded to meanwhile. */
async function idle(requests: Promise<unknown>[]): Promise<boolean> {
  for (const request of requests) await request
  await new Promise((resolve) => setTimeout(resolve, 1000))
  return true
}

t.test(
  'a client that leaves in the middle leaves whole products, and the import can be repeated',
  async (t) => {
    const { app, url } = await listening(t)
    const left = new Import(url)
    left.write({ external_id: 'a' })
    await left.next()
    left.request.write('{"external_id": "b", "product_na')
    left.request.destroy()
    const again = new Import(url)
    for (const external_id of ['a', 'b']) again.write({ external_id })
    again.request.end()
    t.match(
      [await again.next(), await again.next(), await again.next()],
      [{ status: 200 }, { status: 201 }, null]
    )
    t.strictSame(await idsOf(app), ['a', 'b'])
  }
)

t.test('a stop ends an import that waits for lines, and says where to go on', async (t) => {
  const { app, url } = await listening(t)
  const sent = new Import(url)
  sent.write({ external_id: 'a' })
  t.match(await sent.next(), { line: 1, status: 201 })
  sent.request.write('{"external_id": "b"')
  const closed = app.close()
  t.match(await sent.next(), {
    line: 2,
    status: 503,
    code: 'unavailable',
    error: 'The import was ended: send this line and those after it again.'
  })
  t.equal(await sent.next(), null)
  await closed
})

t.test('an import may take longer than a request', async (t) => {
  const app = await buildTestApp(
    t,
    {},
    { requestTimeout: 300, http: { headersTimeout: 200, connectionsCheckingInterval: 50 } }
  )
  const url = await app.listen({ port: 0 })
  const sent = new Import(url)
  const slow = httpRequest(`${url}/api/v1/products`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' }
  })
  slow.write('{')
  const [timedOut] = await once(slow, 'response')
  t.equal(timedOut.statusCode, 408)
  sent.write({ external_id: 'late' })
  t.match(await sent.next(), { status: 201 })
  sent.request.end()
  t.equal(await sent.next(), null)
})

t.test('one client has at most half of the imports', async (t) => {
  const { url } = await listening(t)
  const imports = Array.from({ length: 4 }, () => new Import(url))
  for (const sent of imports) {
    sent.write({ external_id: 'x' })
    await sent.next()
  }
  const refused = await new Import(url).response()
  t.strictSame([refused.statusCode, refused.headers['retry-after']], [503, '2'])
  imports[0]?.request.end()
  await imports[0]?.next()
  const admitted = new Import(url)
  admitted.request.end()
  t.equal((await admitted.response()).statusCode, 200)
  for (const sent of imports) sent.request.destroy()
})

t.test('an import is one request of the rate limit', async (t) => {
  const { url } = await listening(t, { RATE_LIMIT_MAX: '1' })
  const sent = new Import(url)
  for (const external_id of ['a', 'b']) sent.write({ external_id })
  sent.request.end()
  t.match([await sent.next(), await sent.next()], [{ status: 201 }, { status: 201 }])
  const refused = await new Import(url).response()
  t.match([refused.statusCode, refused.headers['retry-after']], [429, /^\d+$/])
})

t.test('while the database is away, lines are refused with 503', async (t) => {
  const { app, url } = await listening(t)
  const sent = new Import(url)
  sent.write({ external_id: 'a' })
  await sent.next()
  t.intercept(app.pg.pool, 'query', { value: () => Promise.reject(new Error('Connection terminated')) })
  sent.write({ external_id: 'b' })
  t.match(await sent.next(), { line: 2, status: 503, code: 'unavailable' })
  sent.request.end()
  t.equal(await sent.next(), null)
})
