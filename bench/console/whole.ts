import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Client } from 'pg'
import { buildApp } from '../../app.ts'
import { loadConfig } from '../../lib/config/config.ts'
import { startOrigin } from '../../test/support/http/origin.ts'
import { photo } from '../../test/support/pictures/pictures.ts'
import { createFolder } from '../../test/support/servers/guard.ts'
import { quantile } from '../statistics.ts'
import { type Cpu, cpuOf, total } from './cpu.ts'
import { switchCounts } from './kept-counts.ts'

const IMAGES = 64

/**
 * Processes images of 640x480 pixels from their create to their end, in turn with and without kept counts.
 * Returns the medians of microseconds for an image. The origin is in this process, too.
 */
export async function wholeImages(client: Client, databaseUrl: string, rounds: number): Promise<object[]> {
  await using origin = await startOrigin()
  origin.serve('/1.jpg', await photo({ width: 640, height: 480 }))
  const settings = { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8', LOG_LEVEL: 'silent', DATABASE_URL: databaseUrl }
  await using app = await buildApp(loadConfig({ ...settings, DATA_DIR: createFolder('whole') }))
  await app.ready()
  const measured = [true, false].map((counts) => ({ counts, costs: [] as Cpu[] }))
  for (let round = -1; round < rounds; round++)
    for (const { counts, costs } of round % 2 ? measured : measured.toReversed()) {
      await switchCounts(client, counts)
      const cost = await cpuOf(client, () => process(app, client, `${origin.url}/1.jpg`))
      if (round >= 0) costs.push(cost)
    }
  await switchCounts(client, true)
  return measured.map(({ counts, costs }) => {
    const median = (of: (cost: Cpu) => number) => Math.round(quantile(costs.map(of)) / IMAGES)
    return { counts, 'PostgreSQL, us': median(({ postgres }) => postgres), 'all, us': median(total) }
  })
}

async function process(app: FastifyInstance, client: Client, source: string): Promise<void> {
  const input = { user_id: 1, product_name: 'Lamp', product_images: [source] }
  const ids = await Promise.all(Array.from({ length: IMAGES }, () => app.products.create(input)))
  while (await isAnyPending(client, ids)) await setTimeout(50)
}

async function isAnyPending(client: Client, ids: number[]): Promise<boolean> {
  const { rows } = await client.query<{ done: number; pending: number }>(
    `SELECT count(*) FILTER (WHERE status = 'done')::integer AS done,
       count(*) FILTER (WHERE status = 'pending')::integer AS pending
     FROM product_images WHERE product_id = ANY ($1)`,
    [ids]
  )
  const { done = 0, pending = 0 } = rows[0] ?? {}
  if (done + pending < IMAGES) throw new Error('An image has failed')
  return pending > 0
}
