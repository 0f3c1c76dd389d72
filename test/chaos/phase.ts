import type pg from 'pg'
import { Agent } from 'undici'
import { forgetPeak } from '../support/servers/process-tree.ts'
import type { Service } from '../support/service.ts'
import { type Load, offer, percentile } from './load.ts'

export interface Phase {
  name: string
  /** Creates a second. */
  rate: number
  seconds: number
  /** How long the database takes over each create, in seconds. */
  slowness: number
}

export interface Measured extends Phase {
  load: Load
  /** MiB of the service and its decoders. */
  peak: number
  /** Rows. */
  created: number
}

export const QUIET_RATE = 100

export function isQuiet({ rate }: Phase): boolean {
  return rate === QUIET_RATE
}

/** Offers the service what the phase says. */
export async function measure(phase: Phase, service: Service, database: pg.Client): Promise<Measured> {
  await using stack = new AsyncDisposableStack()
  const dispatcher = stack.adopt(new Agent(), (it) => it.destroy())
  await database.query('UPDATE slowness SET seconds = $1', [phase.slowness])
  const rowsBefore = await countProducts(database)
  forgetPeak(service.pid)
  const load = await offer(dispatcher, await service.ready(), phase.rate, phase.seconds * 1000)
  return {
    ...phase,
    load,
    peak: Math.round(service.usage().peakBytes / 2 ** 20),
    created: (await countProducts(database)) - rowsBefore
  }
}

async function countProducts(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ count: number }>('SELECT count(*)::integer FROM products')
  return rows[0]?.count ?? 0
}

/** As a row of the report: its name, and its figures in one line. */
export function rowOf({ name, load, peak }: Measured): [string, string] {
  const { seconds, offered, accepted, refused, latencies, refusals, others } = load
  const perSecond = (count: number) => `${Math.round(count / seconds)}/s`
  const times = (sorted: number[]) => {
    return sorted.length === 0
      ? ''
      : ` (p50 ${ms(percentile(sorted, 0.5))}, p99 ${ms(percentile(sorted, 0.99))})`
  }
  const figures = [
    `offered ${perSecond(offered)}`,
    `accepted ${perSecond(accepted)}${times(latencies)}`,
    `refused ${perSecond(refused)}${times(refusals)}`,
    `other ${others.length}`,
    `peak ${peak} MiB`,
    `generator late by ${ms(load.late)}`
  ]
  return [name, figures.join(', ')]
}

export function ms(value: number): string {
  return `${Math.round(value)} ms`
}
