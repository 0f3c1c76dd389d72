import pLimit from 'p-limit'
import { request } from 'undici'
import type { Image, Product } from '../lib/products/schemas.ts'
import { readLabel } from '../test/pictures.ts'
import { Client, type Surroundings } from './client.ts'
import type { Fleet } from './fleet.ts'
import type { Promised } from './ledger.ts'
import { imageOf, type MisbehavingOrigin } from './origin.ts'
import type { World } from './world.ts'

/** One line of the verdict. It holds when nothing is wrong. */
export interface Finding {
  promise: string
  /** What was looked at. */
  figure: string
  wrong: string[]
}

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

async function terminal(world: World): Promise<Finding> {
  const rows = await world.query<{ source_url: string; status: string }>(
    'SELECT source_url, status FROM product_images'
  )
  const pending = rows.filter(({ status }) => status === 'pending')
  return {
    promise: 'every image is done or failed',
    figure: `${rows.length} rows`,
    wrong: pending.map(({ source_url }) => source_url)
  }
}

function rightOutcome(images: Image[], origin: MisbehavingOrigin): Finding {
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

function rightOrder(products: Product[]): Finding {
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

async function rightPictures(images: Image[]): Promise<Finding> {
  const limit = pLimit(AT_ONCE)
  const done = images.filter(({ status }) => status === 'done')
  const problems = await Promise.all(done.map((image) => limit(() => problemOf(image))))
  return {
    promise: 'every finished image is served and is the right picture',
    figure: `${done.length} pictures`,
    wrong: problems.filter((problem) => problem !== null)
  }
}

async function problemOf({ source_url, url }: Image): Promise<string | null> {
  try {
    const answer = await request(url ?? '')
    const bytes = Buffer.from(await answer.body.arrayBuffer())
    if (answer.statusCode !== 200) return `${url} answers ${answer.statusCode}`
    const label = await readLabel(bytes)
    return label === imageOf(source_url) ? null : `${url} shows ${label}, and should show ${source_url}`
  } catch (error) {
    return `${url} cannot be read: ${error}`
  }
}

async function objectsAndRows(world: World): Promise<Finding[]> {
  const rows = await world.query<{ key: string }>(
    `SELECT object_key AS key FROM product_images WHERE status = 'done'`
  )
  const named = new Set(rows.map(({ key }) => key))
  const stored = await world.objects()
  return [
    {
      promise: 'no object without a row',
      figure: `${stored.size} objects`,
      wrong: [...stored.difference(named)]
    },
    {
      promise: 'no row without its object',
      figure: `${named.size} rows`,
      wrong: [...named.difference(stored)]
    }
  ]
}

async function emptyOutbox(world: World): Promise<Finding> {
  const owed = await world.query<{ id: string; kind: string }>('SELECT id, kind FROM outbox')
  return {
    promise: 'nothing is owed any more',
    figure: 'outbox',
    wrong: owed.map(({ id, kind }) => `row ${id}: ${kind}`)
  }
}

async function emptyQueues(queues: NonNullable<World['queues']>): Promise<Finding[]> {
  const { waiting, unacknowledged, dead } = await queues()
  return [
    {
      promise: 'nothing is in flight',
      figure: 'image queue',
      wrong:
        waiting + unacknowledged === 0
          ? []
          : [`${waiting} messages wait, ${unacknowledged} are unacknowledged`]
    },
    { promise: 'no message died', figure: 'dead letters', wrong: dead === 0 ? [] : [`${dead} dead letters`] }
  ]
}
