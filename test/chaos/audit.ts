import pLimit from 'p-limit'
import type { Product } from '../../lib/products/schemas.ts'
import { rightOrder, rightOutcome, rightPictures, terminal } from './audit-images.ts'
import { emptyOutbox, emptyQueues, objectsAndRows } from './audit-stores.ts'
import { Client, type Surroundings } from './client.ts'
import type { Finding } from './finding.ts'
import type { Fleet } from './fleet.ts'
import type { Promised } from './ledger.ts'
import type { MisbehavingOrigin } from './origin.ts'
import type { World } from './world.ts'

export interface AuditOptions {
  world: World
  surroundings: Surroundings
  origin: MisbehavingOrigin
  fleet: Fleet
}

const AT_ONCE = 8

/** Looks at everything that is left, from outside. */
export async function audit(options: AuditOptions): Promise<Finding[]> {
  const { world, surroundings, origin, fleet } = options
  const { ledger, answers } = surroundings
  const products = await readAll(surroundings)
  const images = [...products.values()].flatMap(({ images }) => images)
  return [
    ...keptPromises(surroundings, products),
    await nothingElse(world, surroundings),
    await terminal(world),
    rightOutcome(images, origin),
    rightOrder([...products.values()]),
    await rightPictures(images),
    ...(await objectsAndRows(world)),
    await emptyOutbox(world),
    ...(world.queues ? await emptyQueues(world.queues) : []),
    {
      promise: 'no read was older than the write answered before it, or showed what nobody wrote',
      figure: `${ledger.reads} reads`,
      wrong: ledger.violations
    },
    {
      promise: 'no request was answered 500',
      figure: `${answers.total} answers`,
      wrong: ['GET', 'POST', 'PUT', 'DELETE']
        .filter((method) => answers.of(`${method} 500`) > 0)
        .map((method) => `${method}: ${answers.of(`${method} 500`)} times`)
    },
    {
      promise: 'no process ended by itself',
      figure: `${fleet.members.length} processes`,
      wrong: fleet.crashes
    }
  ]
}

/** Every promised product as it is now read, from each process that serves. What is read is judged on the way. */
async function readAll(surroundings: Surroundings): Promise<Map<Promised, Product>> {
  const { ledger, apis } = surroundings
  const client = new Client(surroundings, () => 0)
  const limit = pLimit(AT_ONCE)
  const found = new Map<Promised, Product>()
  await Promise.all(
    ledger.products.map((promised) =>
      limit(async () => {
        for (const api of apis) {
          const product = await client.read(promised, api)
          if (product) found.set(promised, product)
        }
      })
    )
  )
  return found
}

function keptPromises({ ledger }: Surroundings, products: Map<Promised, Product>): Finding[] {
  const due = ledger.products.filter((promised) => !promised.maybeDeleted)
  const deleted = ledger.products.filter((promised) => promised.deleted)
  const lost = due.filter((promised) => !products.has(promised))
  const back = deleted.filter((promised) => products.has(promised))
  const describe = ({ id, key }: Promised) => `product ${id} (${key})`
  return [
    {
      promise: 'every product that was answered 201 exists',
      figure: `${due.length} products`,
      wrong: lost.map(describe)
    },
    {
      promise: 'every product whose deletion was answered is gone',
      figure: `${deleted.length} products`,
      wrong: back.map(describe)
    }
  ]
}

async function nothingElse(world: World, { ledger }: Surroundings): Promise<Finding> {
  const rows = await world.query<{ id: number; product_name: string }>(
    'SELECT id, product_name FROM products'
  )
  const promised = new Set(ledger.products.map(({ id }) => id))
  const strange = rows.filter(({ id, product_name }) => !promised.has(id) && !ledger.maybe.has(product_name))
  return {
    promise: 'no product exists that nobody asked for, or twice',
    figure: `${rows.length} rows`,
    wrong: strange.map(({ id, product_name }) => `product ${id} (${product_name})`)
  }
}
