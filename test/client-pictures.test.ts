import sharp from 'sharp'
import t from 'tap'
import { thumbHashToRGBA } from 'thumbhash'
import {
  createClient,
  createProduct,
  type Image,
  pictureSources,
  placeholderUrl,
  srcset,
  waitForImages
} from '../client/src/index.ts'
import { compress } from '../lib/compress.ts'
import { buildTestApp } from './support/app.ts'
import { respond, startOrigin } from './support/http/origin.ts'
import { photo } from './support/pictures/pictures.ts'

const rendition = (name: string, width: number, height: number, type: string) => ({
  url: `https://cdn.example/${name}`,
  width,
  height,
  bytes: 1000,
  content_type: `image/${type}`
})

const IMAGE: Image = {
  id: '036659b2-959b-4366-84be-83d116ae024a',
  source_url: 'https://shop.example/a.jpg',
  status: 'done',
  url: 'https://cdn.example/main.jpg',
  width: 800,
  height: 533,
  source_bytes: 2000,
  bytes: 1000,
  attempts: 1,
  error: null,
  placeholder: null,
  renditions: {
    large: rendition('large.jpg', 1600, 1067, 'jpeg'),
    small: rendition('small.avif', 400, 267, 'avif'),
    middle: rendition('middle.avif', 800, 533, 'avif'),
    web: rendition('web.webp', 1600, 1067, 'webp'),
    thumb: rendition('thumb.webp', 200, 200, 'webp')
  }
}

t.test('an image has the sources of a picture element, without cropped renditions', async (t) => {
  t.equal(srcset(IMAGE), 'https://cdn.example/main.jpg 800w, https://cdn.example/large.jpg 1600w')
  t.strictSame(pictureSources(IMAGE), [
    {
      type: 'image/avif',
      srcset: 'https://cdn.example/small.avif 400w, https://cdn.example/middle.avif 800w'
    },
    { type: 'image/webp', srcset: 'https://cdn.example/web.webp 1600w' }
  ])
  t.equal(srcset({ ...IMAGE, renditions: {} }), 'https://cdn.example/main.jpg 800w')
  t.strictSame(pictureSources({ ...IMAGE, renditions: {} }), [])
  t.equal(srcset({ ...IMAGE, status: 'pending', url: null, renditions: {} }), '')
})

t.test('a placeholder is decoded as its author decodes it', async (t) => {
  t.equal(placeholderUrl(IMAGE), null)
  const clear = { channels: 4, background: { r: 200, g: 40, b: 20, alpha: 0.4 } } as const
  const sources = [
    await photo({ width: 300, height: 200 }),
    await photo({ width: 200, height: 300, seed: 2 }),
    await sharp({ create: { width: 60, height: 40, ...clear } })
      .png()
      .toBuffer()
  ]
  for (const source of sources) {
    const { placeholder } = await compress(source, { maxPixels: 1e6, placeholders: true })
    const { w, h, rgba } = thumbHashToRGBA(Buffer.from(placeholder?.thumbhash ?? '', 'base64'))
    const png = Buffer.from(placeholderUrl({ ...IMAGE, placeholder })?.split(',')[1] ?? '', 'base64')
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
    t.match(info, { width: w, height: h, channels: 4 })
    const furthest = Math.max(...data.map((value, at) => Math.abs(value - (rgba[at] ?? 0))))
    t.ok(furthest <= 1, `the pixels differ by at most ${furthest}`)
  }
})

t.test('pictures that the helpers name are served, in these widths and types', async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.on('/a.jpg', respond(await photo({ width: 1200, height: 801 })))
  const webp = 'thumb:200x200,fit=cover,format=webp;web:400x,format=webp;large:1000x,format=webp'
  const app = await buildTestApp(t, {
    RENDITIONS: `${webp};modern:300x,format=avif;big:x750`,
    PLACEHOLDERS: 'true',
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8'
  })
  const client = createClient({ baseUrl: await app.listen({ host: '127.0.0.1', port: 0 }) })
  const body = { user_id: 1, product_name: 'Lamp', product_images: [`${origin.url}/a.jpg`] }
  const { data } = await createProduct({ client, body })
  const [image = IMAGE] = (await waitForImages(data?.product_id ?? 0, { client })).images
  const named = [{ type: 'image/jpeg', srcset: srcset(image) }, ...pictureSources(image)].flatMap(
    ({ type, srcset }) =>
      srcset.split(', ').map((entry) => {
        const [url = '', width = ''] = entry.split(' ')
        return [type, url, width] as const
      })
  )
  t.strictSame(
    named.map(([type, , width]) => `${type} ${width}`),
    ['image/jpeg 800w', 'image/jpeg 1124w', 'image/avif 300w', 'image/webp 400w', 'image/webp 1000w']
  )
  for (const [type, url, width] of named) {
    const reply = await fetch(url)
    const picture = await sharp(await reply.bytes()).metadata()
    t.strictSame([reply.status, reply.headers.get('content-type'), `${picture.width}w`], [200, type, width])
  }
  const png = await fetch(placeholderUrl(image) ?? '')
  t.match(await sharp(await png.bytes()).metadata(), { format: 'png', width: 32, height: 23 })
})
