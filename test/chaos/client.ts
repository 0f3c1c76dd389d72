import { setTimeout as wait } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import type { Product } from '../../lib/products/schemas.ts'
import type { Tally } from '../support/tally.ts'
import { type Answer, type Call, headerOf, type Reply, send } from './http.ts'
import type { Fate, Ledger, Promised } from './ledger.ts'

export interface Surroundings {
  /** Where the processes that serve are reached. */
  apis: string[]
  dispatcher: Dispatcher
  ledger: Ledger
  /** What the service answered, by call. */
  answers: Tally
}

const UNSENT_PAUSE_MS = 100
const LONGEST_RETRY_AFTER_MS = 2000

/** Calls the service as a careful client does, and holds every answer against what was promised before. */
export class Client {
  readonly #surroundings: Surroundings
  readonly #random: () => number

  constructor(surroundings: Surroundings, random: () => number) {
    this.#surroundings = surroundings
    this.#random = random
  }

  /** Goes on to another process when one is not there; so the reply is an answer, or `cut`. */
  async call(call: Call, api = this.#anyApi()): Promise<Answer | 'cut'> {
    const { apis, dispatcher, answers } = this.#surroundings
    for (let turn = apis.indexOf(api); ; turn++) {
      const reply = await send(dispatcher, apis[turn % apis.length] ?? api, call)
      answers.add(`${call.method} ${nameOf(reply)}`)
      if (reply !== 'unsent') return reply
      await wait(UNSENT_PAUSE_MS)
    }
  }

  /** Reads, and judges the answer. Resolves with the product, or null when the answer shows none. */
  async read(product: Promised, api = this.#anyApi()): Promise<Product | null> {
    const expected = product.expectation()
    const reply = await this.call({ method: 'GET', path: product.path }, api)
    if (reply === 'cut') return null
    this.#surroundings.ledger.judge(product, expected, reply)
    return reply.status === 200 ? JSON.parse(reply.body) : null
  }

  async readEverywhere(product: Promised): Promise<void> {
    await Promise.all(this.#surroundings.apis.map((api) => this.read(product, api)))
  }

  async list(product: Promised): Promise<void> {
    const expected = product.expectation()
    const name = encodeURIComponent(`${product.key} `)
    const path = `/api/v1/products?user_id=${product.userId}&limit=200&product_name=${name}`
    const reply = await this.call({ method: 'GET', path })
    if (reply !== 'cut' && reply.status === 200)
      this.#surroundings.ledger.judgeListed(product, expected, JSON.parse(reply.body))
  }

  #anyApi(): string {
    const { apis } = this.#surroundings
    return apis[Math.floor(this.#random() * apis.length)] ?? ''
  }
}

/** What an answer says about the write that it answers. */
export function fateOf(reply: Answer | 'cut'): Fate {
  if (reply === 'cut' || reply.status >= 500) return 'unknown'
  return reply.status < 400 ? 'acknowledged' : 'refused'
}

/** Waits as long as the answer asks for, within reason. */
export async function heed(reply: Answer | 'cut'): Promise<void> {
  const seconds = reply === 'cut' ? 0 : Number(headerOf(reply, 'retry-after'))
  if (seconds > 0) await wait(Math.min(seconds * 1000, LONGEST_RETRY_AFTER_MS))
}

const nameOf = (reply: Reply) => (typeof reply === 'string' ? reply : String(reply.status))
