import pLimit from 'p-limit'
import type { SupervisedProcess } from '../test/support/servers/process.ts'
import type { Endpoint, Environment, Kind, Setup } from './environment.ts'
import { post } from './post.ts'
import type { Sample } from './sample.ts'

/** As many images a product as a shop may have. */
export const IMAGES_A_PRODUCT = 10
/** Of more at once the service refuses some. */
const CLIENTS = 50
/** While the pipeline fills and empties its pace is not steady. */
const SHARE_OF_EDGES = 0.15

let named = 0

/** Creates products with that many images in all, as fast as the service accepts them. */
export async function createImages(
  environment: Environment,
  { url }: Endpoint,
  kind: Kind,
  images: number
): Promise<void> {
  const products = Array.from({ length: Math.ceil(images / IMAGES_A_PRODUCT) }, () =>
    Array.from({ length: IMAGES_A_PRODUCT }, () => environment.imageUrl(kind, named++))
  )
  await pLimit(CLIENTS).map(products, (product_images) => create(url, product_images))
}

export async function create(url: string, product_images: string[]): Promise<number> {
  const product = { user_id: 1, product_name: 'Benchmark', product_price: 1, product_images }
  const { product_id } = await post<{ product_id: number }>(`${url}/api/v1/products`, product)
  return product_id
}

/** Resolves when no image is pending. */
export async function untilDone(setup: Setup): Promise<void> {
  const pending = `SELECT FROM product_images WHERE status = 'pending' LIMIT 1`
  while ((await setup.query(pending)).length > 0) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** How one side takes images in, and when it has done them. */
export interface Side {
  workers: SupervisedProcess[]
  images: number
  /** That an image is stored as. Default: one. */
  objects?: number
  create(images: number): Promise<void>
  done(): Promise<void>
}

/** The service as a side. */
export const service = (
  environment: Environment,
  setup: Setup,
  { api, kind, ...own }: Pick<Side, 'workers' | 'images' | 'objects'> & { api: Endpoint; kind: Kind }
): Side => ({
  ...own,
  create: (images) => createImages(environment, api, kind, images),
  done: () => untilDone(setup)
})

/** Sends images through the workers and measures the steady part of it. */
export async function flow(
  environment: Environment,
  { workers, images, objects = 1, create, done }: Side
): Promise<Sample> {
  await environment.resetArrivals()
  const from = Math.round(images * objects * SHARE_OF_EDGES)
  const to = images * objects - from
  await create(images)
  const first = (await environment.arrivals(from)).length
  const close = environment.accounts.open()
  const before = cpuOf(workers)
  const arrivals = await environment.arrivals(to)
  const cpu = cpuOf(workers) - before
  const usage = close()
  const last = arrivals.length
  const seconds = ((arrivals[last - 1] ?? 0) - (arrivals[first - 1] ?? 0)) / 1000
  const made = (last - first) / objects
  await done()
  return { values: { rate: made / seconds, cpu: (cpu * 1000) / made }, usage }
}

const cpuOf = (workers: SupervisedProcess[]) =>
  workers.reduce((sum, worker) => sum + worker.usage().cpuSeconds, 0)
