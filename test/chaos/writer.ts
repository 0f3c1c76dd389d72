import { setTimeout as wait } from 'node:timers/promises'
import type { Tally } from '../support/tally.ts'
import { Client, fateOf, heed, type Surroundings } from './client.ts'
import type { Content, Promised } from './ledger.ts'

export interface WriterOptions {
  number: number
  surroundings: Surroundings
  random: () => number
  urlOf(image: number): string
  /** What was acknowledged, by kind. */
  done: Tally
}

/** Image numbers of one writer; all of them have to fit into a label's 24 bits. */
const IMAGES_A_WRITER = 500_000
const MAX_IMAGES = 4

/** What follows a create, and how often. */
const MIX: [Deed, number][] = [
  ['update', 0.4],
  ['update if unchanged', 0.15],
  ['delete', 0.1],
  ['reprocess', 0.05],
  ['list', 0.15],
  ['nothing', 0.15]
]
type Deed = 'update' | 'update if unchanged' | 'delete' | 'reprocess' | 'list' | 'nothing'

/** A user with products. Nobody else writes to them, so the last write that was answered is what they are. */
export class Writer {
  readonly #options: WriterOptions
  readonly #client: Client
  readonly #products: Promised[] = []
  #userId = 0
  #images = 0
  #creates = 0

  constructor(options: WriterOptions) {
    this.#options = options
    this.#client = new Client(options.surroundings, options.random)
  }

  /** Creates so many products, spread over the time, and does other things to them meanwhile. */
  async run(products: number, durationMs: number): Promise<void> {
    const started = Date.now()
    this.#userId = await this.#createUser()
    for (let index = 0; index < products; index++) {
      await this.#create()
      await this.#follow()
      const due = started + (durationMs * (index + 1)) / products
      await wait(Math.max(0, due - Date.now()))
    }
  }

  async #createUser(): Promise<number> {
    const body = { username: `writer ${this.#options.number}` }
    const reply = await this.#client.call({ method: 'POST', path: '/api/v1/users', body })
    if (reply === 'cut' || reply.status !== 201) return this.#createUser()
    const { user_id }: { user_id: number } = JSON.parse(reply.body)
    return user_id
  }

  /** Until it is promised. A create whose answer was lost is left to be what it is, and another one sent. */
  async #create(): Promise<void> {
    const { surroundings, number, done } = this.#options
    const { ledger } = surroundings
    for (;;) {
      const key = `w${number}-${++this.#creates}`
      const content = this.#content(key, 0, this.#newImages())
      const body = { user_id: this.#userId, ...content }
      const reply = await this.#client.call({ method: 'POST', path: '/api/v1/products', body })
      if (reply !== 'cut' && reply.status === 201) {
        const { product_id }: { product_id: number } = JSON.parse(reply.body)
        const product = this.#promise(key, product_id, content)
        done.add('created')
        return await this.#client.readEverywhere(product)
      }
      if (fateOf(reply) === 'unknown') ledger.maybe.add(content.product_name)
      await heed(reply)
    }
  }

  #promise(key: string, id: number, content: Content): Promised {
    const product = this.#options.surroundings.ledger.promise(key, id, this.#userId, content)
    this.#products.push(product)
    return product
  }

  async #follow(): Promise<void> {
    const deed = this.#draw()
    const product = this.#pick()
    if (!product || deed === 'nothing') return
    if (deed === 'list') return this.#client.list(product)
    if (deed === 'delete') await this.#delete(product)
    else if (deed === 'reprocess') await this.#reprocess(product)
    else await this.#update(product, deed === 'update if unchanged')
    await this.#client.readEverywhere(product)
  }

  async #update(product: Promised, ifUnchanged: boolean): Promise<void> {
    const { random, done } = this.#options
    const content = this.#content(product.key, product.nextRevision, this.#changedImages(product))
    const headers = ifUnchanged ? { 'if-match': `"${product.newestVersion}"` } : {}
    const settle = product.writing(content)
    const body = { user_id: this.#userId, ...content }
    const byPath = { path: product.path, body }
    const byBody = { path: '/api/v1/products', body: { id: product.id, ...body } }
    const reply = await this.#client.call({ method: 'PUT', headers, ...(random() < 0.5 ? byPath : byBody) })
    settle(fateOf(reply))
    this.#watch(product, reply, ifUnchanged ? [200, 412] : [200])
    if (fateOf(reply) === 'acknowledged') done.add('updated')
    await heed(reply)
  }

  async #delete(product: Promised): Promise<void> {
    const settle = product.deleting()
    const reply = await this.#client.call({ method: 'DELETE', path: product.path })
    const gone = reply !== 'cut' && reply.status === 404
    this.#watch(product, reply, [204])
    settle(gone ? 'unknown' : fateOf(reply))
    if (fateOf(reply) === 'acknowledged') this.#options.done.add('deleted')
    if (product.maybeDeleted) this.#products.splice(this.#products.indexOf(product), 1)
    await heed(reply)
  }

  async #reprocess(product: Promised): Promise<void> {
    const all = this.#options.random() < 0.5
    const path = `${product.path}/reprocess${all ? '?all=true' : ''}`
    const reply = await this.#client.call({ method: 'POST', path })
    this.#watch(product, reply, [202])
    if (fateOf(reply) === 'acknowledged') this.#options.done.add('reprocessed')
  }

  #watch(product: Promised, reply: Awaited<ReturnType<Client['call']>>, expected: number[]): void {
    if (reply === 'cut' || [429, 503, ...expected].includes(reply.status)) return
    const { ledger } = this.#options.surroundings
    ledger.violate(product, `was to be changed, and the answer was ${reply.status} ${reply.body}`)
  }

  #content(key: string, revision: number, product_images: string[]): Content {
    const { random } = this.#options
    return {
      product_name: `${key} r${revision}`,
      product_description: `Price ${random().toString(36).slice(2)}, “quoted” – ünïcödé`,
      product_price: Math.floor(random() * 1_000_000) / 100,
      product_images
    }
  }

  #newImages(): string[] {
    return Array.from({ length: Math.floor(this.#options.random() * (MAX_IMAGES + 1)) }, () =>
      this.#newImage()
    )
  }

  /** Some stay, some go, some come; now and then in another order, or one of them twice. */
  #changedImages({ content }: Promised): string[] {
    const { random } = this.#options
    const kept = content.product_images.filter(() => random() < 0.6)
    const images = [...kept, ...this.#newImages()].slice(0, MAX_IMAGES + 2)
    if (random() < 0.3) images.reverse()
    const [first] = images
    return first && random() < 0.1 ? [...images, first] : images
  }

  #newImage(): string {
    const { number, urlOf } = this.#options
    return urlOf(number * IMAGES_A_WRITER + this.#images++)
  }

  #draw(): Deed {
    let chance = this.#options.random()
    for (const [deed, share] of MIX) {
      if (chance < share) return deed
      chance -= share
    }
    return 'nothing'
  }

  /** Mostly one of the newest, whose images are being worked on. */
  #pick(): Promised | undefined {
    const { random } = this.#options
    const among = random() < 0.7 ? Math.min(10, this.#products.length) : this.#products.length
    return this.#products.at(-1 - Math.floor(random() * among))
  }
}

/** Reads what was written lately, or long ago, until told to stop. */
export async function readOn(
  surroundings: Surroundings,
  random: () => number,
  everyMs: number,
  stop: AbortSignal
): Promise<void> {
  const client = new Client(surroundings, random)
  while (!stop.aborted) {
    const { products } = surroundings.ledger
    const among = random() < 0.8 ? Math.min(30, products.length) : products.length
    const product = products.at(-1 - Math.floor(random() * among))
    if (product) await client.read(product)
    await wait(everyMs)
  }
}
