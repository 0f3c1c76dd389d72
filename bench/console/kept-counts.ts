import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Client } from 'pg'
import { buildParts } from '../../app.ts'
import { loadConfig } from '../../lib/config/config.ts'
import type { ProductRecord } from '../../lib/products/record.ts'
import { createFolder } from '../../test/support/servers/guard.ts'
import { quantile } from '../statistics.ts'

const PRODUCTS = 2048
const AT_ONCE = 128

const TRIGGERS = ['count_added', 'count_removed', 'count_updated']
const REPORT = {
  ms: 900,
  stages: {
    dns_ms: 3,
    connect_ms: 20,
    headers_ms: 90,
    body_ms: 300,
    core_wait_ms: 1,
    compress_ms: 40,
    upload_ms: 30
  },
  responses: [{ url: 'https://img1.shop.example/1.jpg', status: 200, address: '192.0.2.7' }]
}

/** CPU of this process and of its connections, in microseconds for a product. */
interface Cost {
  create: number
  finish: number
}

/**
 * Creates products and finishes their images, in turn with and without what is kept for operators. Returns
 * the medians, and those of each round's ratio.
 */
export async function keptCounts(client: Client, databaseUrl: string, rounds: number): Promise<object[]> {
  const DATA_DIR = join(createFolder('kept'), 'data')
  await using app = await buildParts(loadConfig({ DATABASE_URL: databaseUrl, DATA_DIR, LOG_LEVEL: 'silent' }))
  const withCounts = async (are: boolean) => {
    const act = are ? 'ENABLE' : 'DISABLE'
    await client.query(
      `ALTER TABLE product_images ${TRIGGERS.map((name) => `${act} TRIGGER ${name}`).join(', ')}`
    )
  }
  const variants = { all: [true, true], 'no attempts': [true, false], 'no counts': [false, true] } as const
  const costs = { all: [] as Cost[], 'no attempts': [] as Cost[], 'no counts': [] as Cost[] }
  const names = ['all', 'no attempts', 'no counts'] as const
  for (let round = -1; round < rounds; round++)
    for (const name of names) {
      const [counts, attempts] = variants[name]
      await withCounts(counts)
      const cost = await costOf(app, client, attempts)
      if (round >= 0) costs[name].push(cost)
    }
  await withCounts(true)
  return names.flatMap((name) =>
    (['create', 'finish'] as const).map((step) => {
      const ratios = costs.all.map((cost, round) => cost[step] / (costs[name][round]?.[step] ?? Number.NaN))
      const us = Math.round(quantile(costs[name].map((cost) => cost[step])))
      return { name, step, 'CPU, us': us, 'all against it': Number(quantile(ratios).toFixed(3)) }
    })
  )
}

async function costOf(app: FastifyInstance, client: Client, withAttempts: boolean): Promise<Cost> {
  const ids: number[] = []
  const create = await cpuOf(client, async () => {
    while (ids.length < PRODUCTS)
      ids.push(...(await Promise.all(lamps().map((lamp) => app.products.create(lamp)))))
  })
  const products = await Promise.all(ids.map((id) => app.products.load(id)))
  const finish = await cpuOf(client, () =>
    Promise.all(products.map((product) => product && done(app, product, withAttempts)))
  )
  return { create, finish }
}

/** More at once would be refused. */
const lamps = () =>
  Array.from({ length: AT_ONCE }, (_, n) => ({
    user_id: 1,
    product_name: 'Lamp',
    product_images: [`https://img1.shop.example/${n}.jpg`]
  }))

const done = (app: FastifyInstance, product: ProductRecord, withAttempts: boolean) =>
  app.products.finish(
    product,
    product.images.map((image) => ({
      image,
      outcome: {
        status: 'done' as const,
        object_key: `products/${product.id}/${image.id}-1.jpg`,
        url: `https://cdn.shop.example/products/${product.id}/${image.id}-1.jpg`,
        ...{ width: 800, height: 533, source_bytes: 1_600_000, bytes: 60_000 },
        ...{ renditions: {}, placeholder: null, original: null }
      },
      ...(withAttempts && { report: REPORT })
    }))
  )

/** Resolves with microseconds for a product. */
async function cpuOf(client: Client, work: () => Promise<unknown>): Promise<number> {
  const [own, servers] = [process.cpuUsage(), await serversMs(client)]
  await work()
  const { user, system } = process.cpuUsage(own)
  return (user + system + 1000 * ((await serversMs(client)) - servers)) / PRODUCTS
}

async function serversMs(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(
    'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
  )
  return rows.reduce((sum, { pid }) => {
    const [nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
    return sum + Number(nanoseconds) / 1_000_000
  }, 0)
}
