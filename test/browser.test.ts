import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { buildTestApp } from './support/app.ts'
import { startOrigin } from './support/http/origin.ts'
import { labelled } from './support/pictures/pictures.ts'
import { findChromium, openPage } from './support/servers/chromium.ts'

const CLIENT = join(import.meta.dirname, '../client/src')

/** What the page does, in the browser: the client against the service, on another origin than the page's. */
const SCRIPT = `
import { allProducts, createClient, createProduct, uploadImage, waitForImages } from '/client/index.ts'
const [baseUrl, picture] = location.hash.slice(1).split(',')
const report = (result) => fetch('/report', { method: 'POST', body: JSON.stringify(result) })
window.onunhandledrejection = ({ reason }) => report({ error: String(reason) })

const client = createClient({ baseUrl })
const body = { user_id: 1, product_name: 'Desk lamp', product_price: 1, product_images: [picture] }
const { data } = await createProduct({ client, body, throwOnError: true })
const product = await waitForImages(data.product_id, { client })
const refused = await createProduct({ client, body: { ...body, user_id: 4711 } })

const drawing = new OffscreenCanvas(900, 700)
drawing.getContext('2d').fillRect(0, 0, 450, 700)
const upload = await uploadImage(await drawing.convertToBlob(), { client })
const drawn = await createProduct({ client, body: { ...body, product_images: [upload] }, throwOnError: true })
const { images: [{ status: uploaded }] } = await waitForImages(drawn.data.product_id, { client })

const ids = []
for await (const { id } of allProducts({ limit: 1 }, { client })) ids.push(id)

const image = new Image()
image.src = product.images[0].url
await image.decode()

// The browser's own EventSource reconnects after the end, until a 204 stops it.
const source = new EventSource(baseUrl + '/api/v1/products/1/events')
const events = []
source.addEventListener('product', ({ lastEventId }) => events.push(lastEventId))
await new Promise((resolve) => { source.onerror = () => source.readyState === EventSource.CLOSED && resolve() })

await report({
  status: product.image_status,
  refused: refused.error.detail,
  uploaded,
  ids,
  size: [image.naturalWidth, image.naturalHeight],
  events
})
`

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'

t.test('the client works in a browser', { skip }, async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.serve('/good.jpg', await labelled(1))
  const app = await buildTestApp(t, { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8', CORS_ORIGIN: '*' })
  const api = await app.listen({ host: '127.0.0.1', port: 0 })
  const earlier = { user_id: 1, product_name: 'Floor lamp', product_price: 2 }
  await app.inject({ method: 'POST', url: '/api/v1/products', payload: earlier })

  const { promise: reported, resolve: report } = Promise.withResolvers<string>()
  const server = createServer(async (request, response) => {
    const { method, url = '/' } = request
    if (method === 'POST') report(await text(request))
    if (url.startsWith('/client/')) {
      const source = await readFile(join(CLIENT, url.slice('/client/'.length)), 'utf8')
      response.setHeader('content-type', 'text/javascript').end(stripTypeScriptTypes(source))
    } else {
      response.setHeader('content-type', 'text/html').end(`<script type="module">${SCRIPT}</script>`)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })

  const address = server.address()
  const port = address && typeof address === 'object' ? address.port : 0
  const browser = await openPage(chromium ?? '', `http://127.0.0.1:${port}/#${api},${origin.url}/good.jpg`)
  t.teardown(() => browser.stop())
  t.strictSame(JSON.parse(await reported), {
    status: 'done',
    refused: 'There is no user 4711.',
    uploaded: 'done',
    // The refused one took an id.
    ids: [4, 2, 1],
    size: [800, 600],
    events: ['1']
  })
})
