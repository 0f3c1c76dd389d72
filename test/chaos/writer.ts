import { setTimeout as wait } from 'node:timers/promises'
import type { Tally } from '../support/tally.ts'
import { Contents } from './contents.ts'
import type { HttpResponse } from './http.ts'
import type { Content, Promised } from './promised.ts'
import { fateOf, heed, Session, type Shared } from './session.ts'
import type { Streams } from './streams.ts'

export interface WriterOptions {
  number: number
  shared: Shared
  streams: Streams
  random: () => number
  urlOf(image: number): string
  /** What was acknowledged, by kind. */
  done: Tally
}

/** How many creates carry an Idempotency-Key, and are repeated until there is a response. */
const KEYED_SHARE = 0.5

/** When all products are created, until the last fault has ended. */
const CHANGE_EVERY_MS = 2000

/** What follows a create, and how often. */
const MIX: [Operation, number][] = [
  ['update', 0.4],
  ['update if unchanged', 0.15],
  ['delete', 0.1],
  ['reprocess', 0.05],
  ['list', 0.15],
  ['nothing', 0.15]
]
type Operation = 'update' | 'update if unchanged' | 'delete' | 'reprocess' | 'list' | 'nothing'

/** A user with products. Only this writer changes them, so they are what its last acknowledged write says. */
export class Writer {
  readonly #options: WriterOptions
  readonly #session: Session
  readonly #contents: Contents
  readonly #products: Promised[] = []
  #userId = 0
  #creates = 0

  constructor(options: WriterOptions) {
    const { number, shared, random, urlOf } = options
    this.#options = options
    this.#session = new Session(shared, random)
    this.#contents = new Contents(number, random, urlOf)
  }

  /** Creates that many products, spread over the time. Changes some after each, and until `stop` aborts. */
  async run(products: number, durationMs: number, stop: AbortSignal): Promise<void> {
    const started = Date.now()
    this.#userId = await this.#createUser()
    for (let index = 0; index < products; index++) {
      const product = await this.#create()
      this.#options.streams.follow(product)
      await this.#session.readEverywhere(product)
      await this.#follow()
      const due = started + (durationMs * (index + 1)) / products
      await wait(Math.max(0, due - Date.now()))
    }
    while (!stop.aborted) {
      await this.#follow()
      await wait(CHANGE_EVERY_MS)
    }
  }

  async #createUser(): Promise<number> {
    const body = { username: `writer ${this.#options.number}` }
    const reply = await this.#session.call({ method: 'POST', path: '/api/v1/users', body })
    if (reply === 'cut' || reply.status !== 201) return this.#createUser()
    const { user_id }: { user_id: number } = JSON.parse(reply.body)
    return user_id
  }

  /** Resolves when one is promised. With a key the same create is sent again, without one another. */
  async #create(): Promise<Promised> {
    const { ledger } = this.#options.shared
    const isKeyed = this.#options.random() < KEYED_SHARE
    let content = this.#nextContent()
    for (;;) {
      const key = content.product_name.replace(/ r\d+$/, '')
      const body = { user_id: this.#userId, ...content }
      const headers = isKeyed ? { 'idempotency-key': key } : {}
      const reply = await this.#session.call({ method: 'POST', path: '/api/v1/products', body, headers })
      if (reply !== 'cut' && reply.status === 201) {
        const { product_id }: { product_id: number } = JSON.parse(reply.body)
        this.#options.done.add(isKeyed ? 'created by key' : 'created')
        return this.#promise(key, product_id, content)
      }
      await heed(reply)
      if (isKeyed) continue
      if (fateOf(reply) === 'unknown') ledger.maybe.add(content.product_name)
      content = this.#nextContent()
    }
  }

  #nextContent(): Content {
    return this.#contents.first(`w${this.#options.number}-${++this.#creates}`)
  }

  #promise(key: string, id: number, content: Content): Promised {
    const product = this.#options.shared.ledger.promise(key, id, this.#userId, content)
    this.#products.push(product)
    return product
  }

  async #follow(): Promise<void> {
    const operation = this.#draw()
    const product = this.#pick()
    if (!product || operation === 'nothing') return
    if (operation === 'list') return this.#session.list(product)
    if (operation === 'delete') await this.#delete(product)
    else if (operation === 'reprocess') await this.#reprocess(product)
    else await this.#update(product, operation === 'update if unchanged')
    await this.#session.readEverywhere(product)
  }

  async #update(product: Promised, ifUnchanged: boolean): Promise<void> {
    const { random, done } = this.#options
    const content = this.#contents.next(product)
    const headers = ifUnchanged ? { 'if-match': `"${product.newestVersion}"` } : {}
    const settle = product.writing(content)
    const body = { user_id: this.#userId, ...content }
    const byPath = { path: product.path, body }
    const byBody = { path: '/api/v1/products', body: { id: product.id, ...body } }
    const reply = await this.#session.call({ method: 'PUT', headers, ...(random() < 0.5 ? byPath : byBody) })
    settle(fateOf(reply))
    this.#expect(product, reply, ifUnchanged ? [200, 412] : [200])
    if (fateOf(reply) === 'acknowledged') done.add('updated')
    await heed(reply)
  }

  async #delete(product: Promised): Promise<void> {
    const settle = product.deleting()
    const reply = await this.#session.call({ method: 'DELETE', path: product.path })
    const isGone = reply !== 'cut' && reply.status === 404
    this.#expect(product, reply, [204])
    settle(isGone ? 'unknown' : fateOf(reply))
    if (fateOf(reply) === 'acknowledged') this.#options.done.add('deleted')
    if (product.maybeDeleted) this.#products.splice(this.#products.indexOf(product), 1)
    await heed(reply)
  }

  async #reprocess(product: Promised): Promise<void> {
    const all = this.#options.random() < 0.5
    const path = `${product.path}/reprocess${all ? '?all=true' : ''}`
    const reply = await this.#session.call({ method: 'POST', path })
    this.#expect(product, reply, [202])
    if (fateOf(reply) === 'acknowledged') this.#options.done.add('reprocessed')
  }

  #expect(product: Promised, reply: HttpResponse | 'cut', statuses: number[]): void {
    if (reply === 'cut' || [429, 503, ...statuses].includes(reply.status)) return
    this.#options.shared.ledger.violate(product, `could not be changed: ${reply.status} ${reply.body}`)
  }

  #draw(): Operation {
    let chance = this.#options.random()
    for (const [operation, share] of MIX) {
      if (chance < share) return operation
      chance -= share
    }
    return 'nothing'
  }

  /** Mostly one of the newest, whose images are being processed. */
  #pick(): Promised | undefined {
    const { random } = this.#options
    const among = random() < 0.7 ? Math.min(10, this.#products.length) : this.#products.length
    return this.#products.at(-1 - Math.floor(random() * among))
  }
}
