import pLimit from 'p-limit'
import { cpuSeconds } from './accounts.ts'
import type { Member } from './member.ts'
import type { Sample } from './row.ts'
import type { Estate, Kind, Product, World } from './world.ts'

/** As many images a product as a shop may have. */
const IMAGES_A_PRODUCT = 10
/** Of more at once the service refuses some. */
const CLIENTS = 50
/** The first and the last part of a run are no steady work. */
const SHARE_OF_EDGES = 0.15

let named = 0

/** Creates products with so many images in all, as fast as they are taken. */
export async function createImages(
  world: World,
  { url }: Product,
  kind: Kind,
  images: number
): Promise<void> {
  const products = Array.from({ length: Math.ceil(images / IMAGES_A_PRODUCT) }, () =>
    Array.from({ length: IMAGES_A_PRODUCT }, () => world.imageUrl(kind, named++))
  )
  await pLimit(CLIENTS).map(products, (product_images) => create(url, product_images))
}

export async function create(url: string, product_images: string[]): Promise<number> {
  const response = await fetch(`${url}/api/v1/products`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: 1, product_name: 'Benchmark', product_price: 1, product_images })
  })
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`)
  const { product_id } = (await response.json()) as { product_id: number }
  return product_id
}

/** Resolves when nothing is owed any more. */
export async function untilDone(estate: Estate): Promise<void> {
  const pending = `SELECT FROM product_images WHERE status = 'pending' LIMIT 1`
  while ((await estate.query(pending)).length > 0) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** Sends images through the workers and measures the steady part of it. */
export async function flow(
  world: World,
  estate: Estate,
  { api, workers, kind, images }: { api: Product; workers: Member[]; kind: Kind; images: number }
): Promise<Sample> {
  await world.forgetArrivals()
  const from = Math.round(images * SHARE_OF_EDGES)
  const to = images - from
  await createImages(world, api, kind, images)
  const first = (await world.arrivals(from)).length
  const close = world.accounts.open()
  const before = cpuOf(workers)
  const arrivals = await world.arrivals(to)
  const cpu = cpuOf(workers) - before
  const usage = close()
  const last = arrivals.length
  const seconds = ((arrivals[last - 1] ?? 0) - (arrivals[first - 1] ?? 0)) / 1000
  await untilDone(estate)
  return { values: { rate: (last - first) / seconds, cpu: (cpu * 1000) / (last - first) }, usage }
}

const cpuOf = (members: Member[]) => members.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
