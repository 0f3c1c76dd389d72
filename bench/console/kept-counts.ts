import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Client } from 'pg'
import { buildParts } from '../../app.ts'
import { loadConfig } from '../../lib/config/config.ts'
import { writeMinute } from '../../lib/figures/minute.ts'
import { createFolder } from '../../test/support/servers/guard.ts'
import { quantile } from '../statistics.ts'
import { type Cpu, cpuOf, total } from './cpu.ts'
import { create, process } from './job.ts'

const PRODUCTS = 256
const TRIGGERS = ['count_added', 'count_removed', 'count_updated']

const VARIANTS = [
  { name: 'all', counts: true, attempts: true },
  { name: 'no counts', counts: false, attempts: true },
  { name: 'no attempts', counts: true, attempts: false },
  { name: 'neither', counts: false, attempts: false }
]
type Variant = (typeof VARIANTS)[number]

/** A service that is hardly used, where each statement is for one product, and one that is busy. */
const AT_ONCE = [1, 32]

const STEPS = ['create', 'job'] as const
type Round = Record<(typeof STEPS)[number], Cpu>

/**
 * Creates products and does their jobs, in turn with and without what is kept for operators. Returns the
 * medians of microseconds for a product, and those of each round's ratio.
 */
export async function keptCounts(client: Client, databaseUrl: string, rounds: number): Promise<object[]> {
  await client.query('DELETE FROM controls; DELETE FROM outbox')
  const DATA_DIR = join(createFolder('kept'), 'data')
  await using app = await buildParts(loadConfig({ DATABASE_URL: databaseUrl, DATA_DIR, LOG_LEVEL: 'silent' }))
  const rows = []
  for (const atOnce of AT_ONCE) rows.push(...(await compare(app, client, { rounds, atOnce })))
  return rows
}

async function compare(
  app: FastifyInstance,
  client: Client,
  { rounds, atOnce }: { rounds: number; atOnce: number }
): Promise<object[]> {
  const measured = VARIANTS.map((variant) => ({ variant, costs: [] as Round[] }))
  for (let round = -1; round < rounds; round++)
    // In another order each time: what was done before fills the caches.
    for (const { variant, costs } of round % 2 ? measured : measured.toReversed()) {
      const cost = await costOf(app, client, variant, atOnce)
      if (round >= 0) costs.push(cost)
    }
  const all = measured[0]?.costs ?? []
  return STEPS.flatMap((step) =>
    measured.map(({ variant: { name }, costs }) => {
      const median = (of: (cost: Cpu) => number) => Math.round(quantile(costs.map((cost) => of(cost[step]))))
      const against = (of: (cost: Cpu) => number) =>
        Number(quantile(costs.map((cost, n) => of(all[n]?.[step] ?? NOTHING) / of(cost[step]))).toFixed(3))
      return {
        ...{ 'at once': atOnce, step, name },
        ...{ 'PostgreSQL, us': median(({ postgres }) => postgres), 'all, us': median(total) },
        ...{
          'PostgreSQL, against it': against(({ postgres }) => postgres),
          'all, against it': against(total)
        }
      }
    })
  )
}

const NOTHING: Cpu = { postgres: Number.NaN, own: Number.NaN }

/** Whether triggers count images. */
export async function switchCounts(client: Client, on: boolean): Promise<void> {
  const act = on ? 'ENABLE' : 'DISABLE'
  const triggers = TRIGGERS.map((name) => `${act} TRIGGER ${name}`)
  await client.query(`ALTER TABLE product_images ${triggers.join(', ')}`)
}

async function costOf(
  app: FastifyInstance,
  client: Client,
  { counts, attempts }: Variant,
  atOnce: number
): Promise<Round> {
  await switchCounts(client, counts)
  const made = await cpuOf(client, () => create(app, PRODUCTS, atOnce))
  const done = await cpuOf(client, async () => {
    await process(app, PRODUCTS, atOnce, attempts)
    await client.query("UPDATE history SET pending = NULL WHERE minute = date_trunc('minute', now())")
    await writeMinute(app.pg.pool)
  })
  await switchCounts(client, true)
  return { create: each(made), job: each(done) }
}

const each = ({ postgres, own }: Cpu): Cpu => ({ postgres: postgres / PRODUCTS, own: own / PRODUCTS })
