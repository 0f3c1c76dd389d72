import { setTimeout as wait } from 'node:timers/promises'
import { request } from 'undici'
import type { Product } from '../../lib/products/schemas.ts'
import { parseEvents } from '../support/event-stream.ts'
import type { Promised } from './promised.ts'
import type { Finding } from './report.ts'
import { Session, type Shared } from './session.ts'

const SHARE = 0.3
const RECONNECT_MS = 200

/** What one client of a stream of events has received. */
interface Stream {
  promised: Promised
  /** The last event's id and product. */
  version: number
  product: Product | null
  /** How it ended: with no image pending, or with the product's deletion. */
  end: 'open' | 'finished' | 'deleted'
}

/** Clients of event streams. Each reconnects with its last event's id until the service ends the stream. */
export class Streams {
  readonly #shared: Shared
  readonly #random: () => number
  readonly #streams: Stream[] = []
  readonly #stop = new AbortController()
  #done: Promise<void>[] = []

  constructor(shared: Shared, random: () => number) {
    this.#shared = shared
    this.#random = random
  }

  /** Follows some products from their create on. */
  follow(promised: Promised): void {
    if (this.#random() > SHARE) return
    const stream: Stream = { promised, version: 0, product: null, end: 'open' }
    this.#streams.push(stream)
    this.#done.push(this.#read(stream))
  }

  /** Resolves when all have ended, or after that time with the rest still open. */
  async finish(limitMs: number): Promise<void> {
    const limit = setTimeout(() => this.#stop.abort(), limitMs)
    await Promise.all(this.#done)
    clearTimeout(limit)
  }

  /** Holds each stream's last event against the product as it is read now. */
  check(products: Map<Promised, { version: number; product: Product }>): Finding {
    const finished = this.#streams.filter(({ end }) => end === 'finished')
    return {
      promise: 'every stream of events ended with its product finished, and said so truly',
      figure: `${finished.length} of ${this.#streams.length} streams ended finished`,
      wrong: this.#streams.flatMap((stream) => {
        const problem = problemOf(stream, products.get(stream.promised))
        return problem ? [`product ${stream.promised.id} (${stream.promised.key}): ${problem}`] : []
      })
    }
  }

  async #read(stream: Stream): Promise<void> {
    const session = new Session(this.#shared, this.#random)
    const { signal } = this.#stop
    while (stream.end === 'open' && !signal.aborted) {
      await receive(stream, session.anyApi(), signal).catch(() => undefined)
      if (stream.end === 'open') await wait(RECONNECT_MS)
    }
  }
}

/** One connection, until it ends. */
async function receive(stream: Stream, api: string, signal: AbortSignal): Promise<void> {
  const headers = stream.version > 0 ? { 'last-event-id': String(stream.version) } : {}
  const { statusCode, body } = await request(`${api}${stream.promised.path}/events`, { headers, signal })
  if (statusCode === 404) stream.end = 'deleted'
  if (statusCode === 204) stream.end = 'finished'
  if (statusCode !== 200) return void (await body.dump())
  for await (const { id, event, product } of parseEvents(body)) {
    if (event === 'deleted') stream.end = 'deleted'
    if (product) Object.assign(stream, { product, version: Number(id) })
  }
  if (stream.product && stream.product.image_status !== 'pending') stream.end = 'finished'
}

function problemOf(
  { version, product, end, promised }: Stream,
  now: { version: number; product: Product } | undefined
): string | null {
  if (end === 'open') return 'the stream never ended'
  if (end === 'deleted') return promised.maybeDeleted ? null : 'the stream says that it was deleted'
  if (!product) return 'the stream ended without an event'
  if (product.image_status === 'pending') return 'the last event shows a pending image'
  if (!now) return null
  if (version > now.version) return `the last event has version ${version}, the product has ${now.version}`
  const isSame = version < now.version || JSON.stringify(product) === JSON.stringify(now.product)
  return isSame ? null : `the last event differs from the product in version ${version}`
}
