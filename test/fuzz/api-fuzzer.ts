import { rm } from 'node:fs/promises'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../app.ts'
import { loadConfig } from '../../lib/config/config.ts'
import { type Call, documented } from '../support/openapi-conformance.ts'
import { createFolder } from '../support/servers/guard.ts'
import { type Document, type FuzzRequest, requestsTo } from './requests.ts'

/** Two for all users, one for user 1. */
const KEYS = ['key-of-all-users', 'key-of-all-users-too', 'key-of-ada-user-1']

/** The number of responses by `operation status`. */
export type Outcomes = Map<string, number>

/**
 * Sends random requests to the API. Rejects with the smallest request whose response is a 5xx, contradicts
 * the OpenAPI document, or is a refusal without a reason. The same seed sends the same requests. No worker
 * runs, so nothing is downloaded. Uses the embedded database if there is no URL.
 */
export async function fuzz(seed: number, runs: number, databaseUrl?: string): Promise<Outcomes> {
  const DATA_DIR = createFolder('fuzz')
  const config = loadConfig({
    DATA_DIR,
    LOG_LEVEL: 'silent',
    API_KEYS: `${KEYS.join()}:1`,
    DATABASE_URL: databaseUrl
  })
  const app = await buildApp({ ...config, role: 'api' })
  try {
    const document = (await app.inject('/openapi.json')).json<Document>()
    const call = await documented(app)
    await furnish(app)
    const outcomes: Outcomes = new Map()
    const property = fc.asyncProperty(requestsTo(document, KEYS), async (request) => {
      const status = await check(request, app, call)
      const outcome = `${request.operationId} ${status}`
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    })
    await fc.assert(property, { seed, numRuns: runs })
    return outcomes
  } finally {
    await app.close()
    await rm(DATA_DIR, { recursive: true, force: true })
  }
}

/** Creates another user, and a product for each of the small ids that requests are likely to name. */
async function furnish(app: FastifyInstance): Promise<void> {
  await app.users.create('bob')
  const fields = { user_id: 1, product_price: 1, product_images: ['https://example.com/a.jpg'] }
  for (let n = 1; n <= 40; n++) await app.products.create({ ...fields, product_name: `Lamp ${n}` })
}

async function check(request: FuzzRequest, app: FastifyInstance, call: Call): Promise<number> {
  const { operationId, ...rest } = request
  if (operationId === 'watchProduct') return checkStream(rest, app)
  const reply = await (isOtherOperation(rest.url) ? app.inject(rest) : call(rest))
  const { statusCode, headers, body } = reply
  if (statusCode >= 500) throw new Error(`${statusCode}: ${body}`)
  if (statusCode >= 400) checkRefusal(statusCode, headers['content-type'], body, rest)
  if (statusCode === 401 && !headers['www-authenticate']) throw new Error('401 without a challenge')
  return statusCode
}

/** Events continue while an image is pending, so only their start is read. */
async function checkStream(request: Omit<FuzzRequest, 'operationId'>, app: FastifyInstance): Promise<number> {
  const reply = await app.inject({ ...request, payloadAsStream: true })
  const { statusCode, headers } = reply
  const stream = reply.stream()
  if (statusCode >= 500) throw new Error(`${statusCode}`)
  if (statusCode >= 400) {
    const chunks = await stream.toArray()
    checkRefusal(statusCode, headers['content-type'], Buffer.concat(chunks).toString(), request)
  }
  stream.destroy()
  return statusCode
}

/** The router refuses an id this long before it finds an operation. Without an id it finds another one. */
function isOtherOperation(url: string): boolean {
  const ids = url.split('?')[0]?.split('/').slice(4) ?? []
  return ids.some((id) => id === '' || decodeURIComponent(id).length > 100)
}

function checkRefusal(
  status: number,
  type: unknown,
  body: string,
  request: Omit<FuzzRequest, 'operationId'>
): void {
  if (type !== 'application/problem+json; charset=utf-8') throw new Error(`${status} is ${type}`)
  const problem = JSON.parse(body)
  if (problem.status !== status || !problem.detail) throw new Error(`${status} says ${body}`)
  const names = problem.errors?.every(
    ({ pointer, detail }: Record<string, unknown>) => typeof pointer === 'string' && detail
  )
  if ([400, 422].includes(status) && !names && isReadable(request))
    throw new Error(`${status} names no field: ${body}`)
}

/** In a body that cannot be parsed there is no field to name. */
function isReadable({ payload = '', headers }: Omit<FuzzRequest, 'operationId'>): boolean {
  const length = Number(headers['content-length'] ?? Buffer.byteLength(payload))
  if (length !== Buffer.byteLength(payload) || /__proto__|constructor/.test(payload)) return false
  try {
    JSON.parse(payload)
    return true
  } catch {
    return false
  }
}
