import sharp from 'sharp'
import t from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { labelled } from '../support/pictures/pictures.ts'

const RENDITIONS = 'thumb:32x32,fit=cover,format=webp;large:60x,format=avif'

t.test('an image with renditions and a placeholder', async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.on('/a.jpg', respond(await labelled(1)))
  const settings = { RENDITIONS, PLACEHOLDERS: 'true', ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
  const app = await buildTestApp(t, { ...settings, PUBLIC_BASE_URL: 'https://cdn.example' })
  const { products, objects } = app
  const product = { user_id: 1, product_name: 'Lamp', product_images: [`${origin.url}/a.jpg`] }
  const stored = async () => {
    const keys: string[] = []
    for await (const { key } of objects.list('products/')) keys.push(key)
    return keys
  }

  const id = await products.create(product)
  const [row] = (await settled(app, id)).images
  const keys = [row?.object_key, ...Object.values(row?.renditions ?? {}).map(({ key }) => key)]
  t.strictSame(await stored(), keys.toSorted(), 'what is stored is what the row names')

  const [image] = (await app.inject(`/api/v1/products/${id}`)).json().images
  const shown = (name: string) => ({ url: `https://cdn.example/${row?.renditions[name]?.key}` })
  t.match(image.renditions, {
    thumb: { ...shown('thumb'), width: 32, height: 32, content_type: 'image/webp' },
    large: { ...shown('large'), width: 60, height: 45, content_type: 'image/avif' }
  })
  t.match(image.placeholder, { thumbhash: /^[\w+/]+=*$/, color: /^#[0-9a-f]{6}$/ })
  for (const [name, { url, width, height, bytes, content_type }] of Object.entries<Shown>(image.renditions)) {
    const reply = await app.inject(url.replace('https://cdn.example/', '/media/'))
    t.equal(reply.headers['content-type'], content_type, name)
    t.match(await sharp(reply.rawPayload).metadata(), { width, height })
    t.equal(reply.rawPayload.length, bytes)
  }
  const metrics = (await app.inject('/metrics')).body
  t.match(metrics, 'asyncprod_renditions_total{rendition="thumb"} 1')
  t.match(metrics, `asyncprod_rendition_bytes_total{rendition="thumb"} ${image.renditions.thumb.bytes}`)

  await products.delete({ id })
  for (let left = await stored(); left.length > 0; left = await stored())
    await new Promise((resolve) => setTimeout(resolve, 20))
  t.pass('with the product, all of its objects go')
})

interface Shown {
  url: string
  width: number
  height: number
  bytes: number
  content_type: string
}
