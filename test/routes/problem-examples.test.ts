import t from 'tap'
import { ERROR_STATUSES, type ErrorCode } from '../../lib/http/app-error.ts'
import type { Problem } from '../../lib/http/problem.ts'
import { PROBLEM_EXAMPLES } from '../../lib/http/problem-examples.ts'
import { buildTestApp } from '../support/app.ts'

const KEY = 'k'.repeat(16)
const LAMP = { user_id: 7, product_name: 'Desk lamp' }
const JSON_TYPE = { 'content-type': 'application/json' }

const open = await buildTestApp(t)
const app = await buildTestApp(t, { API_KEYS: `${KEY}-admin,${KEY}-seven:7`, RATE_LIMIT_MAX: '600' })
const admin = { 'x-api-key': `${KEY}-admin` }
const seven = { 'x-api-key': `${KEY}-seven` }

for (let id = 2; id <= 7; id++)
  await app.inject({ method: 'POST', url: '/api/v1/users', payload: { username: `u${id}` }, headers: admin })

interface Request {
  payload?: object | string
  headers?: Record<string, string>
  method?: 'GET' | 'POST' | 'DELETE'
  url?: string
}

async function send({ payload, headers = seven, method = 'POST', url = '/api/v1/products' }: Request) {
  return (await app.inject({ method, url, headers, ...(payload !== undefined && { payload }) })).json()
}

const create = (more: object, headers: Record<string, string> = seven) =>
  send({ payload: { ...LAMP, ...more }, headers })

/** What leads to each error; those without it need a fault of the network or of a server. */
const PROVOKED: Partial<Record<ErrorCode, () => Promise<Problem>>> = {
  invalid_request: () => send({ payload: { user_id: 7, product_price: '9' } }),
  malformed_request: () => send({ payload: '{', headers: { ...seven, ...JSON_TYPE } }),
  unauthorized: () => send({ payload: LAMP, headers: {} }),
  forbidden: () => create({ user_id: 1 }),
  not_found: () => send({ method: 'GET', url: '/api/v1/products/4711' }),
  external_id_taken: async () => {
    await create({ external_id: 'lamp' })
    return create({ external_id: 'lamp' })
  },
  version_mismatch: async () => {
    const { product_id } = await create({})
    const headers = { ...seven, 'if-match': '"0"' }
    const problem = await send({ method: 'DELETE', url: `/api/v1/products/${product_id}`, headers })
    const generic = (text: string) => text.replace(/\d+/, '1')
    return { ...problem, detail: generic(problem.detail), error: generic(problem.error) }
  },
  body_too_large: () => create({ product_description: 'x'.repeat(1_048_576) }),
  url_too_long: () => send({ method: 'GET', url: `/api/v1/products/${'1'.repeat(3061)}` }),
  unsupported_media_type: () => send({ payload: 'x', headers: { ...seven, 'content-type': 'text/plain' } }),
  invalid_input: () => create({ product_images: ['https://example.com/lamp.jpg', 'lamp.jpg'] }),
  unknown_user: () => create({ user_id: 4711 }, admin),
  key_reused: async () => {
    const headers = { ...seven, 'idempotency-key': 'one' }
    await create({}, headers)
    return create({ product_price: 2 }, headers)
  }
}

for (const [code, provoke] of Object.entries(PROVOKED)) {
  t.test(`the example of ${code} is what the service sends`, async (t) => {
    t.strictSame(await provoke(), Object.entries(PROBLEM_EXAMPLES).find(([name]) => name === code)?.[1])
  })
}

t.test('every code has an example with its status, and those of a response are named there', async (t) => {
  const { info, paths } = (await open.inject('/openapi.json')).json()
  for (const [code, status] of Object.entries(ERROR_STATUSES)) {
    t.match(PROBLEM_EXAMPLES, { [code]: { code, status } })
    t.match(info.description, `| \`${code}\` | ${status} |`)
  }
  const { responses } = paths['/api/v1/products'].post
  t.strictSame(responses['422'].content['application/problem+json'].examples, {
    invalid_input: { $ref: '#/components/examples/invalid_input' },
    unknown_user: { $ref: '#/components/examples/unknown_user' },
    key_reused: { $ref: '#/components/examples/key_reused' }
  })
})

t.test('the page has the name of the service', async (t) => {
  const { body } = await open.inject('/documentation/')
  t.match(body, '<title>AsyncProd API</title>')
})
