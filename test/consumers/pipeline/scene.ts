import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { ProductRecord } from '../../../lib/products/record.ts'
import { type Handler, type Origin, respond, startOrigin } from '../../support/http/origin.ts'
import { removeLate } from '../../support/outbox.ts'
import { labelled } from '../../support/pictures/pictures.ts'
import type { OpenSetup, Setup } from '../services-under-test.ts'

export const small = { width: 900, height: 700 }
export const input = { user_id: 1, product_name: 'Lamp', product_price: 1 }

export async function create(app: FastifyInstance, product_images: string[]): Promise<number> {
  const payload = { ...input, product_images }
  const response = await app.inject({ method: 'POST', url: '/api/v1/products', payload })
  if (response.statusCode !== 201) throw new Error(response.body)
  return response.json().product_id
}

export const show = async (app: FastifyInstance, id: number) =>
  (await app.inject(`/api/v1/products/${id}`)).json()

/** Resolves with the product once it is as it should be. The outbox wakes whenever a product was changed. */
export async function until(
  { products, outbox }: FastifyInstance,
  id: number,
  isRight: (record: ProductRecord) => boolean
): Promise<ProductRecord> {
  for (;;) {
    const changed = once(outbox.events, 'due')
    const record = await products.load(id)
    if (record && isRight(record)) return record
    await changed
  }
}

export async function keys({ objects }: FastifyInstance, productId: number): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of objects.list(`products/${productId}/`)) found.push(key)
  return found.sort()
}

export const keysOf = ({ images }: ProductRecord) => images.map(({ object_key }) => object_key ?? '').sort()

/** Resolves when the product has the expected objects and no others. */
export async function untilKeys(app: FastifyInstance, productId: number, expected: string[]): Promise<void> {
  while (JSON.stringify(await keys(app, productId)) !== JSON.stringify(expected));
}

/** Makes later removals due now until only the expected objects are left. */
export async function untilLateKeys(
  app: FastifyInstance,
  productId: number,
  expected: string[]
): Promise<void> {
  while (JSON.stringify(await keys(app, productId)) !== JSON.stringify(expected)) {
    await removeLate(app)
  }
}

/** A message that is a hint to look at the product, as a relay or a broker may repeat it at any time. */
export async function hint({ pg, outbox }: FastifyInstance, id: number, times = 1): Promise<void> {
  await pg.query(`INSERT INTO outbox (kind, product_id) SELECT 'images', $1 FROM generate_series(1, $2)`, [
    id,
    times
  ])
  outbox.poke()
}

/** Resolves when at most so many rows of the product are enqueued. */
export async function quiet({ pg, broker }: FastifyInstance, id: number, atMost = 0): Promise<void> {
  const enqueued = async () =>
    (
      await pg.query(
        `SELECT FROM outbox WHERE product_id = $1 AND kind = 'images' AND due_at < now() + interval '1 min'`,
        [id]
      )
    ).rowCount ?? 0
  while ((await enqueued()) > atMost || (await broker?.depth()));
}

/** Holds its response until it is let go. */
export function held(handler: Handler) {
  const { promise, resolve } = Promise.withResolvers<void>()
  const handle: Handler = async (request, response) => {
    await promise
    handler(request, response)
  }
  return { handle, letGo: resolve }
}

export const pathOf = (url: string) => new URL(url).pathname

/** Returns a handler that responds with a picture of this number. */
export const picture = async (number: number) => respond(await labelled(number, small))

/** The service with an origin for its images. */
export interface Scene extends Setup {
  open: OpenSetup
  origin: Origin
  /** Returns a URL of its own at which the handler responds. */
  place(handler: Handler): string
}

export async function openScene(t: Test, open: OpenSetup): Promise<Scene> {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  let paths = 0
  const place = (handler: Handler) => {
    const path = `/${++paths}`
    origin.on(path, handler)
    return `${origin.url}${path}`
  }
  return { ...(await open(t)), open, origin, place }
}
