import { setTimeout as wait } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import type { Product } from '../../lib/products/schemas.ts'
import type { Tally } from '../support/tally.ts'
import { type Call, type HttpResponse, headerOf, type Reply, send } from './http.ts'
import type { Ledger } from './ledger.ts'
import type { Fate, Promised } from './promised.ts'

/** What all clients of a run share. */
export interface Shared {
  /** Addresses of the processes that serve. */
  apis: string[]
  dispatcher: Dispatcher
  ledger: Ledger
  /** Responses by call and status. */
  responses: Tally
}

const UNSENT_PAUSE_MS = 100
const LONGEST_RETRY_AFTER_MS = 2000

/** Calls the service as a careful client does, and checks every response against what was promised before. */
export class Session {
  readonly #shared: Shared
  readonly #random: () => number

  constructor(shared: Shared, random: () => number) {
    this.#shared = shared
    this.#random = random
  }

  /** Tries the next process when one does not listen, so that something was sent. */
  async call(call: Call, api = this.anyApi()): Promise<HttpResponse | 'cut'> {
    const { apis, dispatcher, responses } = this.#shared
    for (let turn = apis.indexOf(api); ; turn++) {
      const reply = await send(dispatcher, apis[turn % apis.length] ?? api, call)
      responses.add(`${call.method} ${nameOf(reply)}`)
      if (reply !== 'unsent') return reply
      await wait(UNSENT_PAUSE_MS)
    }
  }

  /** Reads, and checks the response. Resolves with the product, or null when the response shows none. */
  async read(product: Promised, api = this.anyApi()): Promise<Product | null> {
    const expected = product.expectation()
    const reply = await this.call({ method: 'GET', path: product.path }, api)
    if (reply === 'cut') return null
    this.#shared.ledger.check(product, expected, reply)
    return reply.status === 200 ? JSON.parse(reply.body) : null
  }

  async readEverywhere(product: Promised): Promise<void> {
    await Promise.all(this.#shared.apis.map((api) => this.read(product, api)))
  }

  async list(product: Promised): Promise<void> {
    const expected = product.expectation()
    const name = encodeURIComponent(`${product.key} `)
    const path = `/api/v1/products?user_id=${product.userId}&limit=200&product_name=${name}`
    const reply = await this.call({ method: 'GET', path })
    if (reply !== 'cut' && reply.status === 200)
      this.#shared.ledger.checkListed(product, expected, JSON.parse(reply.body))
  }

  anyApi(): string {
    const { apis } = this.#shared
    return apis[Math.floor(this.#random() * apis.length)] ?? ''
  }
}

/** What a response says about its write. */
export function fateOf(reply: HttpResponse | 'cut'): Fate {
  if (reply === 'cut' || reply.status >= 500) return 'unknown'
  return reply.status < 400 ? 'acknowledged' : 'refused'
}

/** Waits as long as the response asks for, up to two seconds. */
export async function heed(reply: HttpResponse | 'cut'): Promise<void> {
  const seconds = reply === 'cut' ? 0 : Number(headerOf(reply, 'retry-after'))
  if (seconds > 0) await wait(Math.min(seconds * 1000, LONGEST_RETRY_AFTER_MS))
}

const nameOf = (reply: Reply) => (typeof reply === 'string' ? reply : String(reply.status))
