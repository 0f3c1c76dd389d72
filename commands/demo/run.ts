import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { buildApp } from '../../app.ts'
import {
  type Client,
  createClient,
  createProduct,
  type ProductInput,
  waitForImages
} from '../../client/src/index.ts'
import { type Config, loadConfig } from '../../lib/config/config.ts'
import { type Origin, serve } from './origin.ts'
import { makePictures, type Picture } from './pictures.ts'
import { type Result, table } from './table.ts'

const PRODUCTS = [
  { product_name: 'Poster of the hills', product_price: 24.9, pictures: ['hills.jpg'] },
  { product_name: 'Sticker', product_price: 2.5, pictures: ['sticker.png'] },
  { product_name: 'Two postcards', product_price: 3, pictures: ['dusk.webp', 'night.avif'] },
  { product_name: 'Torn print', product_price: 1, pictures: ['broken.jpg'] }
]

/** At a terminal, or with --keep, it stays until Enter or Ctrl-C, so that its links can be opened. */
export async function run(settings: NodeJS.ProcessEnv, keep: boolean): Promise<void> {
  const stays = keep || (process.stdin.isTTY && process.stdout.isTTY)
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  if (stays) console.log('This demo stays until you press Enter or Ctrl-C.\n')
  try {
    await demo(settings, stays, stop.signal)
  } catch (error) {
    if (!stop.signal.aborted || !isAbort(error)) throw error
    process.exitCode = 130
  }
}

const isAbort = (error: unknown) => error instanceof Error && error.name === 'AbortError'

/** The whole service on a folder of its own, from pictures made here to URLs that can be opened. */
async function demo(settings: NodeJS.ProcessEnv, stays: boolean, signal: AbortSignal): Promise<void> {
  await using closing = new AsyncDisposableStack()
  const folder = closing.use(await mkdtempDisposable(join(tmpdir(), 'asyncprod-demo-')))
  const config = loadConfig({
    ...settings,
    DATA_DIR: folder.path,
    LOG_LEVEL: 'silent',
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8'
  })

  const pictures = await timed('Making pictures', makePictures())
  const origin = closing.use(await serve(pictures))
  const url = await timed('Starting the service on an empty folder', start(config, closing))

  const client = createClient({ baseUrl: url })
  const orders = PRODUCTS.map((product) => order(product, { client, origin, pictures, signal }))
  const results = (await Promise.all(orders)).flat()
  console.log(['', ...table(results)].join('\n'))
  if (!results.every(isAsExpected)) process.exitCode = 1
  if (!stays) return
  const links = results.flatMap(({ image }) => [
    ...(image.url ? [image.url] : []),
    ...Object.values(image.renditions).map(({ url }) => url)
  ])
  console.log(
    [
      '',
      'To look at, until Enter or Ctrl-C:',
      ...links,
      `${url}/api/v1/products`,
      `${url}/documentation`
    ].join('\n')
  )
  await Promise.race([once(signal, 'abort'), once(process.stdin, 'data')])
  process.stdin.destroy()
}

async function timed<T>(name: string, work: Promise<T>): Promise<T> {
  const begin = performance.now()
  const value = await work
  console.log(`${name}: ${((performance.now() - begin) / 1000).toFixed(1)} s`)
  return value
}

/** Resolves with the address of a service that may download from loopback, as no other may. */
async function start(config: Config, closing: AsyncDisposableStack): Promise<string> {
  const app = await buildApp(config)
  closing.defer(() => app.close())
  return app.listen({ host: '127.0.0.1', port: 0 })
}

interface Shop {
  client: Client
  origin: Origin
  pictures: Picture[]
  signal: AbortSignal
}

/** Creates one product and follows its images. Resolves with the result of each. */
async function order(
  { pictures: names, ...product }: (typeof PRODUCTS)[number],
  { client, origin, pictures, signal }: Shop
): Promise<Result[]> {
  const own = pictures.filter(({ name }) => names.includes(name))
  const body = { user_id: 1, ...product, product_images: own.map(origin.urlOf) }
  const begin = performance.now()
  const id = await create(client, body, signal)
  console.log(`${product.product_name}: product ${id} is created, its images are pending`)
  const { images, image_status } = await waitForImages(id, { client, signal })
  const ms = performance.now() - begin
  console.log(`${product.product_name}: ${image_status} after ${Math.round(ms)} ms`)
  return images.flatMap((image, i) => (own[i] ? { picture: own[i], image, ms } : []))
}

/** Resolves with the id of the product. An overloaded service says when to try again. */
async function create(client: Client, body: ProductInput, signal: AbortSignal): Promise<number> {
  for (;;) {
    const { data, error, response } = await createProduct({ client, body, signal })
    if (data) return data.product_id
    if (response?.status !== 503)
      throw new Error(error.detail ?? 'The service cannot be reached', { cause: error })
    await wait(Number(response.headers.get('retry-after')) * 1000, undefined, { signal })
  }
}

function isAsExpected({ picture, image }: Result): boolean {
  if (picture.name === 'broken.jpg') return image.error?.code === 'corrupt_image'
  return image.status === 'done'
}
