import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { buildApp } from '../../app.ts'
import { loadConfig } from '../../lib/config/config.ts'
import { buildTestApp } from '../support/app.ts'
import { createFolder } from '../support/servers/guard.ts'

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
    'put /api/v1/products/by-external-id/{external_id}',
    'post /api/v1/products/import',
    'get /api/v1/products/export',
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

t.test('behind a proxy below another path no link leads outside', async (t) => {
  const proxied = 'https://shop.example/sub'
  const follow = async (path: string) => {
    const { headers } = await app.inject(path)
    return new URL(String(headers.location), `${proxied}${path}`).href
  }
  t.equal(await follow('/'), `${proxied}/documentation/`)
  t.equal(await follow('/documentation'), `${proxied}/documentation/`)
  t.equal(await follow('/documentation?x=y'), `${proxied}/documentation/`)
  for (const path of ['/openapi.json', '/documentation/json']) {
    const [server] = (await app.inject(path)).json().servers
    t.equal(new URL(server.url, `${proxied}${path}`).href, `${proxied}/`, path)
  }
  const page = (await app.inject('/documentation/')).body
  for (const [, file = ''] of page.matchAll(/(?:src|href)="([^"]+)"/g)) t.match(file, /^\.\//)
})

t.test('PUBLIC_API_URL is what all links begin with', async (t) => {
  const publicUrl = 'https://shop.example/sub'
  const named = await buildTestApp(t, { PUBLIC_API_URL: `${publicUrl}/` })
  const payload = { user_id: 1, product_name: 'Lamp', product_price: 1 }
  const create = () => named.inject({ method: 'POST', url: '/api/v1/products', payload })
  t.equal((await create()).headers.location, `${publicUrl}/api/v1/products/1`)
  await create()
  const user = await named.inject({ method: 'POST', url: '/api/v1/users', payload: { username: 'ada' } })
  t.equal(user.headers.location, `${publicUrl}/api/v1/users/2`)
  const { link } = (await named.inject('/api/v1/products?limit=1')).headers
  t.match(link, /^<https:\/\/shop\.example\/sub\/api\/v1\/products\?limit=1&cursor=[\w-]+>; rel="next"$/)
  for (const path of ['/openapi.json', '/documentation/json']) {
    t.strictSame((await named.inject(path)).json().servers[0].url, publicUrl)
  }
  t.equal((await named.inject({ url: '/health', headers: { host: 'shop.example' } })).statusCode, 200)
})

t.test('the document has the bound of images that the service applies', async (t) => {
  const other = await buildTestApp(t, { MAX_IMAGES_PER_PRODUCT: '5' })
  for (const [service, maxItems] of [
    [app, 20],
    [other, 5]
  ] as const) {
    const { schemas } = (await service.inject('/openapi.json')).json().components
    for (const name of ['ProductInput', 'ProductReplacement', 'ProductUpsert'])
      t.equal(schemas[name].properties.product_images.maxItems, maxItems, name)
    t.notOk('maxItems' in schemas.Product.properties.product_images)
  }
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
  const document = (await app.inject('/openapi.json')).json()
  const [, console = ''] = /\[the console\]\(([^)]+)\)/.exec(document.info.description) ?? []
  const { pathname } = new URL(console, 'http://localhost/documentation/')
  t.equal(pathname, '/console/')
  t.equal((await app.inject(pathname)).statusCode, 200)
})

t.test('the document has routes of a program of one’s own, with schemas of their scope', async (t) => {
  const own = await buildApp(
    loadConfig({ DATA_DIR: createFolder('data') }),
    { logger: false },
    async (app) => {
      await app.register(async (scope) => {
        scope.addSchema({ $id: 'Cover', type: 'object', properties: { url: { type: 'string' } } })
        const schema = { operationId: 'getCover', response: { 200: { $ref: 'Cover#' } } }
        scope.get('/cover', { schema }, async () => ({ url: 'x' }))
      })
    }
  )
  t.teardown(() => own.close())
  const { paths, components } = (await own.inject('/openapi.json')).json<OpenApi>()
  t.match(paths['/cover'], { get: { operationId: 'getCover' } })
  t.match(components.schemas.Cover, { type: 'object' })
})
