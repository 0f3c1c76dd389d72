import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { headerOf, type Reply, send } from './http.ts'

const TICK_MS = 10
const CATCH_UP_MS = 100
/** Requests on their way at once; a generator that opens more is soon busier with itself than the service is with it. */
const MAX_OPEN = 3000

/** What became of the requests of one phase. */
export interface Load {
  /** The offering took this long: where the cores are busy, longer than it should. */
  seconds: number
  /** How late the generator itself was at times, in milliseconds: all latencies may be too long by that much. */
  late: number
  offered: number
  accepted: number
  refused: number
  /** Refused, but without saying when to come back. */
  rude: number
  /** Neither accepted nor refused: what they were. */
  others: string[]
  /** Of the accepted, in milliseconds, in ascending order. */
  latencies: number[]
  /** Of the refused, likewise. */
  refusals: number[]
}

/**
 * Creates products at that rate for so long, whether they are answered or not, as the many clients of a service do who know
 * nothing of each other. Resolves when the last answer is there.
 */
export async function offer(
  dispatcher: Dispatcher,
  url: string,
  rate: number,
  durationMs: number
): Promise<Load> {
  const load: Load = {
    seconds: 0,
    late: 0,
    offered: 0,
    accepted: 0,
    refused: 0,
    rude: 0,
    others: [],
    latencies: [],
    refusals: []
  }
  const answers = new Set<Promise<void>>()
  const delays = monitorEventLoopDelay()
  delays.enable()
  const started = performance.now()
  for (let elapsed = 0, due = 0; elapsed < durationMs; elapsed = performance.now() - started) {
    // What could not be sent in time is not sent at all: made up for later it would be another load.
    due = Math.max(due, ((elapsed - CATCH_UP_MS) * rate) / 1000)
    for (; due < (elapsed * rate) / 1000 && answers.size < MAX_OPEN; due++) {
      const answer = create(dispatcher, url, load)
      answers.add(answer)
      void answer.finally(() => answers.delete(answer))
    }
    await wait(TICK_MS)
  }
  load.seconds = (performance.now() - started) / 1000
  await Promise.all(answers)
  load.late = delays.percentile(99) / 1e6
  delays.disable()
  load.latencies.sort((a, b) => a - b)
  load.refusals.sort((a, b) => a - b)
  return load
}

async function create(dispatcher: Dispatcher, url: string, load: Load): Promise<void> {
  const body = { user_id: 1, product_name: `Load ${++load.offered}`, product_price: 1 }
  const started = performance.now()
  const reply = await send(dispatcher, url, { method: 'POST', path: '/api/v1/products', body })
  count(load, reply, performance.now() - started)
}

function count(load: Load, reply: Reply, ms: number): void {
  if (typeof reply === 'string') return void load.others.push(reply)
  const { status } = reply
  if (status === 201) {
    load.accepted++
    load.latencies.push(ms)
  } else if (status === 429 || status === 503) {
    load.refused++
    load.refusals.push(ms)
    if (!(Number(headerOf(reply, 'retry-after')) > 0)) load.rude++
  } else load.others.push(String(status))
}

/** The value below which that share of the sorted values lies. */
export function percentile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
