import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { styleText } from 'node:util'
import { buildApp } from '../../app.ts'
import {
  type Client,
  createClient,
  createProduct,
  type ProductInput,
  waitForImages
} from '../../client/src/index.ts'
import { loadConfig } from '../../lib/config/config.ts'
import { type Origin, serve } from './origin.ts'
import { makePictures, type Picture } from './pictures.ts'
import { Screen } from './screen.ts'
import { type Result, table } from './table.ts'

const PRODUCTS = [
  { product_name: 'Poster of the hills', product_price: 24.9, pictures: ['hills.jpg'] },
  { product_name: 'Sticker', product_price: 2.5, pictures: ['sticker.png'] },
  { product_name: 'Two postcards', product_price: 3, pictures: ['dusk.webp', 'night.avif'] },
  { product_name: 'Torn print', product_price: 1, pictures: ['broken.jpg'] }
]

/** Runs the demo until it has ended or, to `keep` the service, until Ctrl-C. */
export async function run(keep: boolean): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  try {
    await demo(keep, stop.signal)
    if (!keep) console.log('\nThe service has ended, its folder is gone: with --keep both stay until Ctrl-C.')
  } catch (error) {
    if (!stop.signal.aborted) throw error
    process.exitCode = 130
  }
}

/** The whole service on a folder of its own, from pictures that did not exist before to URLs that can be opened. */
async function demo(keep: boolean, signal: AbortSignal): Promise<void> {
  await using closing = new AsyncDisposableStack()
  const screen = closing.use(new Screen())
  const folder = closing.use(await mkdtempDisposable(join(tmpdir(), 'asyncprod-demo-')))

  const pictures = await screen.task('Making pictures', makePictures())
  const origin = closing.use(await serve(pictures))
  const url = await screen.task('Starting the service on an empty folder', start(folder.path, closing))
  screen.say('', `The pictures are at ${origin.url}, AsyncProd is at ${url}. Creating products:`, '')

  const client = createClient({ baseUrl: url })
  const orders = PRODUCTS.map((product) => order(product, { client, origin, pictures, screen, signal }))
  const results = (await Promise.all(orders)).flat()
  screen.say('', ...table(results), '', styleText('bold', 'To look at'))
  screen.say(
    ...results.flatMap(({ image }) => image.url ?? []),
    `${url}/api/v1/products`,
    `${url}/documentation`
  )
  if (!results.every(isAsExpected)) process.exitCode = 1
  if (keep) {
    screen.say('', 'All of it stays until Ctrl-C.')
    await once(signal, 'abort')
  }
}

/** Answers the address of a service that may download from loopback, which nobody else's may. */
async function start(folder: string, closing: AsyncDisposableStack): Promise<string> {
  const settings = { DATA_DIR: folder, LOG_LEVEL: 'silent', ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
  const app = await buildApp(loadConfig(settings))
  closing.defer(() => app.close())
  return app.listen({ host: '127.0.0.1', port: 0 })
}

interface Shop {
  client: Client
  origin: Origin
  pictures: Picture[]
  screen: Screen
  signal: AbortSignal
}

/** Creates one product, follows its images, and answers what became of each. */
async function order(
  { pictures: names, ...product }: (typeof PRODUCTS)[number],
  { client, origin, pictures, screen, signal }: Shop
): Promise<Result[]> {
  const report = screen.begin(product.product_name)
  const own = pictures.filter(({ name }) => names.includes(name))
  const body = { user_id: 1, ...product, product_images: own.map(origin.urlOf) }
  const begin = performance.now()
  const { images, image_status } = await waitForImages(await create(client, body, signal), {
    client,
    signal,
    onChange: ({ id, image_status }) => {
      if (image_status === 'pending') report(`product ${id} is created, its images are pending`)
    }
  })
  const ms = performance.now() - begin
  report(`${image_status} after ${Math.round(ms)} ms`, image_status === 'done' ? 'done' : 'failed')
  return images.flatMap((image, i) => (own[i] ? { picture: own[i], image, ms } : []))
}

/** Answers the id of the product. A service that has more to do than it can says when to come back. */
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
