import pLimit from 'p-limit'
import type { Product } from '../../lib/products/schemas.ts'
import { rightOrder, rightOutcome, rightPictures, terminal } from './audit-images.ts'
import { emptyOutbox, emptyQueues, objectsAndRows } from './audit-stores.ts'
import type { Fleet } from './fleet.ts'
import { headerOf } from './http.ts'
import type { MisbehavingOrigin } from './origin.ts'
import type { Promised } from './promised.ts'
import type { Finding } from './report.ts'
import type { Stores } from './servers.ts'
import { Session, type Shared } from './session.ts'
import type { Streams } from './streams.ts'
import type { Webhooks } from './webhooks.ts'

export interface AuditOptions {
  stores: Stores
  shared: Shared
  streams: Streams
  webhooks: Webhooks
  origin: MisbehavingOrigin
  fleet: Fleet
}

/** A product as it is read now. */
interface Found {
  product: Product
  version: number
}

const AT_ONCE = 8

/** Looks at everything that is left, from outside. */
export async function audit(options: AuditOptions): Promise<Finding[]> {
  const { stores, shared, streams, webhooks, origin, fleet } = options
  const { ledger, responses } = shared
  const found = await readAll(shared)
  const products = [...found.values()].map(({ product }) => product)
  const images = products.flatMap(({ images }) => images)
  return [
    ...keptPromises(shared, found),
    await nothingElse(stores, shared),
    await terminal(stores),
    rightOutcome(images, origin),
    rightOrder(products),
    await rightPictures(images),
    ...(await objectsAndRows(stores)),
    await emptyOutbox(stores),
    ...(stores.queues ? await emptyQueues(stores.queues) : []),
    streams.check(found),
    ...webhooks.check(products),
    {
      promise: 'no read was older than a write acknowledged before it, or showed what was never written',
      figure: `${ledger.reads} reads`,
      wrong: ledger.violations
    },
    {
      promise: 'no response was a 500',
      figure: `${responses.total} responses`,
      wrong: ['GET', 'POST', 'PUT', 'DELETE']
        .filter((method) => responses.of(`${method} 500`) > 0)
        .map((method) => `${method}: ${responses.of(`${method} 500`)} times`)
    },
    {
      promise: 'no process ended by itself, and none outlived the one that started it',
      figure: `${fleet.members.length} processes`,
      wrong: fleet.crashes
    }
  ]
}

/** Every promised product, read and checked at each process that serves. */
async function readAll(shared: Shared): Promise<Map<Promised, Found>> {
  const { ledger, apis } = shared
  const session = new Session(shared, () => 0)
  const limit = pLimit(AT_ONCE)
  const found = new Map<Promised, Found>()
  await Promise.all(
    ledger.products.map((promised) =>
      limit(async () => {
        for (const api of apis) {
          const expected = promised.expectation()
          const response = await session.call({ method: 'GET', path: promised.path }, api)
          if (response === 'cut') continue
          ledger.check(promised, expected, response)
          if (response.status !== 200) continue
          const version = Number.parseInt(headerOf(response, 'etag').slice(1), 10)
          found.set(promised, { product: JSON.parse(response.body), version })
        }
      })
    )
  )
  return found
}

function keptPromises({ ledger }: Shared, found: Map<Promised, Found>): Finding[] {
  const due = ledger.products.filter((promised) => !promised.maybeDeleted)
  const deleted = ledger.products.filter((promised) => promised.deleted)
  const lost = due.filter((promised) => !found.has(promised))
  const back = deleted.filter((promised) => found.has(promised))
  const describe = ({ id, key }: Promised) => `product ${id} (${key})`
  return [
    {
      promise: 'every product with a 201 exists',
      figure: `${due.length} products`,
      wrong: lost.map(describe)
    },
    {
      promise: 'every product whose deletion was acknowledged is gone',
      figure: `${deleted.length} products`,
      wrong: back.map(describe)
    }
  ]
}

async function nothingElse(stores: Stores, { ledger }: Shared): Promise<Finding> {
  const rows = await stores.query<{ id: number; product_name: string }>(
    'SELECT id, product_name FROM products'
  )
  const promised = new Set(ledger.products.map(({ id }) => id))
  const strange = rows.filter(({ id, product_name }) => !promised.has(id) && !ledger.maybe.has(product_name))
  return {
    promise: 'no product exists without a create, or twice for one',
    figure: `${rows.length} rows`,
    wrong: strange.map(({ id, product_name }) => `product ${id} (${product_name})`)
  }
}
