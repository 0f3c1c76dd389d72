import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { headerOf, type Reply, send } from './http.ts'

const TICK_MS = 10
const CATCH_UP_MS = 100
/** Requests open at once. With more the generator takes more CPU than the service. */
const MAX_OPEN = 3000

/** The responses of one phase. */
export interface Load {
  /** How long it took; on busy cores longer than it should. */
  seconds: number
  /** 99th percentile of the generator's own delay in milliseconds: latencies may be too long by that. */
  late: number
  offered: number
  accepted: number
  refused: number
  /** Refused, but without a Retry-After. */
  rude: number
  /** Neither accepted nor refused: what they were. */
  others: string[]
  /** Of the accepted, in milliseconds, in ascending order. */
  latencies: number[]
  /** Of the refused, likewise. */
  refusals: number[]
}

/**
 * Creates products at that rate for that time, however long the responses take, as many independent clients
 * do. Resolves with the last response.
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
  const open = new Set<Promise<void>>()
  const delays = monitorEventLoopDelay()
  delays.enable()
  const started = performance.now()
  for (let elapsed = 0, due = 0; elapsed < durationMs; elapsed = performance.now() - started) {
    // What could not be sent in time is not sent at all: sending it afterwards would change the load.
    due = Math.max(due, ((elapsed - CATCH_UP_MS) * rate) / 1000)
    for (; due < (elapsed * rate) / 1000 && open.size < MAX_OPEN; due++) {
      const response = create(dispatcher, url, load)
      open.add(response)
      void response.finally(() => open.delete(response))
    }
    await wait(TICK_MS)
  }
  load.seconds = (performance.now() - started) / 1000
  await Promise.all(open)
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
