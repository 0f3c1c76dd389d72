import pLimit from 'p-limit'
import sharp from 'sharp'
import { request } from 'undici'
import type { Image, Product } from '../../lib/products/schemas.ts'
import { readLabel } from '../support/pictures/pictures.ts'
import { imageOf, type MisbehavingOrigin } from './origin.ts'
import type { Finding } from './report.ts'
import type { Stores } from './servers.ts'

const AT_ONCE = 8

export async function terminal(stores: Stores): Promise<Finding> {
  const rows = await stores.query<{ source_url: string; status: string }>(
    'SELECT source_url, status FROM product_images'
  )
  const pending = rows.filter(({ status }) => status === 'pending')
  return {
    promise: 'every image is done or failed',
    figure: `${rows.length} rows`,
    wrong: pending.map(({ source_url }) => source_url)
  }
}

export function rightOutcome(images: Image[], origin: MisbehavingOrigin): Finding {
  const failed = images.filter(({ status }) => status === 'failed')
  const wrong = images.filter(({ source_url, status, error }) =>
    origin.isMissing(imageOf(source_url))
      ? status !== 'failed' || error?.code !== 'http_status' || !error.detail
      : status === 'failed'
  )
  return {
    promise: 'what the origin has is done, what it has not is failed with its reason',
    figure: `${images.length - failed.length} done, ${failed.length} failed`,
    wrong: wrong.map(
      ({ source_url, status, error }) => `${source_url} is ${status}: ${JSON.stringify(error)}`
    )
  }
}

export function rightOrder(products: Product[]): Finding {
  const wrong = products.filter(({ images, compressed_product_images, product_images }) => {
    const sources = images.map(({ source_url }) => source_url)
    const urls = images.map(({ url }) => url).filter((url) => url !== null)
    return JSON.stringify([sources, urls]) !== JSON.stringify([product_images, compressed_product_images])
  })
  return {
    promise: 'results stand in the order of their sources',
    figure: `${products.length} products`,
    wrong: wrong.map(({ id }) => `product ${id}`)
  }
}

export async function rightPictures(images: Image[]): Promise<Finding> {
  const limit = pLimit(AT_ONCE)
  const done = images.filter(({ status }) => status === 'done')
  const problems = await Promise.all(done.map((image) => limit(() => problemOf(image))))
  return {
    promise: 'every finished image is served, is the right picture, and is what its row says',
    figure: `${done.length} pictures`,
    wrong: problems.filter((problem) => problem !== null)
  }
}

async function problemOf(image: Image): Promise<string | null> {
  const { source_url, url } = image
  try {
    const { statusCode, body } = await request(url ?? '')
    const bytes = Buffer.from(await body.arrayBuffer())
    if (statusCode !== 200) return `${url} is not served: ${statusCode}`
    const label = await readLabel(bytes)
    if (label !== imageOf(source_url)) return `${url} shows ${label}, and should show ${source_url}`
    return await differenceOf(image, bytes)
  } catch (error) {
    return `${url} cannot be read: ${error}`
  }
}

/** Holds the row against the object's bytes. */
async function differenceOf(image: Image, bytes: Buffer): Promise<string | null> {
  const { width, height } = await sharp(bytes).metadata()
  const row = `${image.width}x${image.height}, ${image.bytes} bytes`
  const object = `${width}x${height}, ${bytes.length} bytes`
  return row === object ? null : `${image.url} has ${object}, its row says ${row}`
}
