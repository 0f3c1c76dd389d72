import t from 'tap'
import { finishedUrls, type ImageRow, toProduct } from '../../../lib/products/record.ts'
import { doneRow, failedRow, pendingRow, record } from '../../support/rows.ts'

t.test('a record becomes the product that clients read', async (t) => {
  t.strictSame(toProduct(record([doneRow('a'), failedRow('b')])), {
    id: 7,
    user_id: 1,
    external_id: 'SKU-7',
    product_name: 'Desk lamp',
    product_description: 'Bright.',
    product_price: 100.5,
    product_images: ['https://a.example/a', 'https://a.example/b'],
    metadata: { color: 'green' },
    compressed_product_images: ['https://cdn.example/a.jpg'],
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-02T00:00:00.000Z',
    image_status: 'partial',
    images: [
      {
        id: 'row-a',
        source_url: 'https://a.example/a',
        status: 'done',
        url: 'https://cdn.example/a.jpg',
        width: 800,
        height: 600,
        source_bytes: 2000,
        bytes: 1000,
        renditions: {},
        placeholder: null,
        attempts: 1,
        error: null
      },
      {
        id: 'row-b',
        source_url: 'https://a.example/b',
        status: 'failed',
        url: null,
        width: null,
        height: null,
        source_bytes: null,
        bytes: null,
        renditions: {},
        placeholder: null,
        attempts: 5,
        error: { code: 'timeout', detail: 'Too slow.' }
      }
    ]
  })
})

t.test('image_status sums up the images', async (t) => {
  const { pending, done, failed } = { pending: pendingRow('p'), done: doneRow('d'), failed: failedRow('f') }
  const sums: [ImageRow[], string][] = [
    [[], 'none'],
    [[pending], 'pending'],
    [[done], 'done'],
    [[failed], 'failed'],
    [[done, pending], 'pending'],
    [[failed, pending], 'pending'],
    [[failed, done], 'partial'],
    [[failed, done, pending], 'pending'],
    [[done, doneRow('e')], 'done'],
    [[failed, failedRow('g')], 'failed']
  ]
  for (const [images, status] of sums) t.equal(toProduct(record(images)).image_status, status)
})

t.test('images have the order of product_images, whatever the order of their rows', async (t) => {
  const urls = ['c', 'a', 'b'].map((name) => `https://a.example/${name}`)
  const product = toProduct(record([doneRow('a'), doneRow('b'), doneRow('c')], { product_images: urls }))
  t.strictSame(
    product.images.map(({ source_url }) => source_url),
    urls
  )
  t.strictSame(product.compressed_product_images, [
    'https://cdn.example/c.jpg',
    'https://cdn.example/a.jpg',
    'https://cdn.example/b.jpg'
  ])
})

t.test('a URL that is there twice stands for one image', async (t) => {
  const [url] = record([doneRow('a')]).product_images
  const product = toProduct(record([doneRow('a')], { product_images: [`${url}`, `${url}`] }))
  t.strictSame(product.images[0], product.images[1])
  t.strictSame(product.compressed_product_images, ['https://cdn.example/a.jpg', 'https://cdn.example/a.jpg'])
})

t.test('a row whose URL the product does not name is not shown', async (t) => {
  const product = toProduct(record([doneRow('old')], { product_images: [] }))
  t.match(product, { image_status: 'none', images: [], compressed_product_images: [] })
})

t.test('an image that is tried again says what went wrong', async (t) => {
  const row = pendingRow('a', { attempts: 2, error_code: 'http_status', error_detail: 'Status 503.' })
  const [image] = toProduct(record([row])).images
  t.match(image, { status: 'pending', attempts: 2, error: { code: 'http_status', detail: 'Status 503.' } })
})

t.test('only what was made has a finished URL, also while it is made again', async (t) => {
  const remade = { ...doneRow('a'), status: 'pending' as const }
  const sources = ['https://a.example/a', 'https://a.example/b', 'https://a.example/c']
  t.strictSame(finishedUrls(sources, [remade, pendingRow('b'), failedRow('c')]), [
    'https://cdn.example/a.jpg'
  ])
  t.strictSame(finishedUrls([], [doneRow('a')]), [])
})
