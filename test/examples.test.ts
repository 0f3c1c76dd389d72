import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildShop } from '../examples/extend.ts'
import { importList } from '../examples/import-list.ts'
import { buildUploads } from '../examples/upload.ts'
import { buildTestApp, settled } from './support/app.ts'
import { labelled, readLabel } from './support/pictures/pictures.ts'
import { createFolder } from './support/servers/guard.ts'

const quiet = () => ({ DATA_DIR: createFolder('data'), LOG_LEVEL: 'silent' })

t.test('import-list: code of your own, tested without a port', async (t) => {
  const app = await buildTestApp(t)
  const ids = await importList(
    app,
    'Lamp;19.9;https://shop.example/lamp.jpg\nChair;80;https://shop.example/chair.jpg\n'
  )
  const names = ids.map(async (id) => (await app.inject(`/api/v1/products/${id}`)).json().product_name)
  t.strictSame(await Promise.all(names), ['Lamp', 'Chair'])
  await t.rejects(importList(app, 'Lamp;-1;https://shop.example/lamp.jpg'), {
    message: /^Lamp;-1;.*: must be >= 0$/
  })
})

t.test('extend: a hook and a route of your own', async (t) => {
  const app = await buildShop(quiet())
  t.teardown(() => app.close())
  t.equal((await app.inject('/api/v1/products/1')).statusCode, 401)
  t.equal((await app.inject('/covers/1')).statusCode, 401)
  const headers = { cookie: 'session=1' }
  t.equal((await app.inject({ url: '/api/v1/products/1', headers })).statusCode, 404)
  t.equal((await app.inject({ url: '/covers/1', headers })).statusCode, 404)
})

t.test('upload: a form that makes products', async (t) => {
  const app = await buildUploads(join(createFolder('uploads'), 'new'), quiet())
  t.teardown(() => app.close())
  await app.listen({ port: 0 })
  t.match((await app.inject('/upload')).body, '<form>')

  const id = await upload(t, `${app.listeningOrigin}/uploads?name=Lamp&price=5`)
  const product = await settled(app, id)
  const url = product.images[0]?.url ?? ''
  t.equal(await readLabel(Buffer.from(await (await fetch(url)).arrayBuffer())), 21)
})

t.test('upload: a caller cannot name other servers of this machine as a source', async (t) => {
  const requests: (string | undefined)[] = []
  const neighbour = createServer((request, response) => {
    requests.push(request.url)
    response.end('secret')
  }).listen(0, '127.0.0.1')
  t.teardown(() => neighbour.close())
  await once(neighbour, 'listening')
  const { port } = neighbour.address() as AddressInfo

  const app = await buildUploads(join(createFolder('uploads'), 'new'), quiet())
  t.teardown(() => app.close())
  await app.listen({ port: 0 })
  const id = await upload(t, `${app.listeningOrigin}/uploads?name=Lamp&price=5`)
  const product = { user_id: 1, product_name: 'Lamp', product_price: 5 }
  for (const source of [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, app.listeningOrigin]) {
    const payload = { ...product, product_images: [source] }
    const created = await app.inject({ method: 'POST', url: '/api/v1/products', payload })
    const replaced = await app.inject({ method: 'PUT', url: `/api/v1/products/${id}`, payload })
    t.strictSame([created.statusCode, replaced.statusCode], [422, 422], source)
  }
  await settled(app, id)
  t.strictSame(requests, [])

  const payload = { ...product, product_images: (await settled(app, id)).product_images }
  const { statusCode } = await app.inject({ method: 'PUT', url: `/api/v1/products/${id}`, payload })
  t.equal(statusCode, 200)
})

async function upload(t: Test, url: string): Promise<number> {
  const headers = { 'content-type': 'image/jpeg' }
  const reply = await fetch(url, { method: 'POST', headers, body: new Uint8Array(await labelled(21)) })
  const [, id] = /^\/api\/v1\/products\/(\d+)$/.exec(reply.headers.get('location') ?? '') ?? []
  t.strictSame(await reply.json(), { product_id: Number(id) })
  return Number(id)
}
