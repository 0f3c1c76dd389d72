import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { buildTestApp } from '../support/app.ts'

interface Operation {
  operationId: string
  summary: string
  tags: string[]
  parameters?: { name: string; in: string; required: boolean }[]
  responses: Record<string, { description: string }>
}

interface OpenApi {
  openapi: string
  info: { version: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

const app = await buildTestApp(t)
const document = (await app.inject('/openapi.json')).json<OpenApi>()
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation }))
)

t.test('/openapi.json is an OpenAPI 3.1 document of this version', async (t) => {
  const reply = await app.inject('/openapi.json')
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
  t.match(document, { openapi: /^3\.1\.\d$/, info: { title: 'AsyncProd', version } })
})

t.test('every call of the contract is in the document', async (t) => {
  const calls = operations.map(({ method, path }) => `${method} ${path}`)
  const contract = [
    'post /api/v1/products',
    'get /api/v1/products',
    'put /api/v1/products',
    'get /api/v1/products/{id}',
    'put /api/v1/products/{id}',
    'delete /api/v1/products/{id}',
    'post /api/v1/products/{id}/reprocess',
    'post /api/v1/users',
    'get /api/v1/users/{id}',
    'get /health',
    'get /redis-health',
    'get /health/live',
    'get /health/ready'
  ]
  t.strictSame(
    contract.filter((call) => !calls.includes(call)),
    []
  )
})

t.test(
  'every operation has an id of its own, a summary, a tag, and says what each status means',
  async (t) => {
    const ids = operations.map(({ operationId }) => operationId)
    t.strictSame([...new Set(ids)], ids)
    for (const { operationId, summary, tags, responses } of operations) {
      t.match(operationId, /^[a-z][A-Za-z]+$/)
      t.ok(summary, operationId)
      t.equal(tags.length, 1, operationId)
      for (const [status, { description }] of Object.entries(responses)) {
        t.notMatch(description, 'Default Response', `${operationId} ${status}`)
      }
    }
  }
)

t.test('only what is in the path must be sent as a parameter', async (t) => {
  for (const { operationId, parameters = [] } of operations) {
    for (const { name, in: place, required } of parameters) {
      t.equal(required, place === 'path', `${operationId} ${name}`)
    }
  }
})

t.test('every reference leads somewhere, and every component is a schema', async (t) => {
  const references = JSON.stringify(document).match(/"#\/components\/schemas\/[^"]+"/g) ?? []
  const names = Object.keys(document.components.schemas)
  t.strictSame([...new Set(references)].sort(), names.map((name) => `"#/components/schemas/${name}"`).sort())
  const ajv = new Ajv2020({ strict: false })
  for (const name of names) t.ok(ajv.validateSchema(document.components.schemas[name] ?? false), name)
})

t.test('the documentation page is there, with all that it loads', async (t) => {
  const page = await app.inject('/documentation/')
  t.equal(page.statusCode, 200)
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file)
  t.ok(files.length > 3)
  for (const file of [...files, './json']) {
    const url = new URL(file, 'http://localhost/documentation/').pathname
    t.equal((await app.inject(url)).statusCode, 200, url)
  }
})
