import { createHash } from 'node:crypto'
import type { Product } from '../../lib/products/schemas.ts'
import { type Answer, headerOf } from './http.ts'

/** What a client may write of a product. Its name ends with the number of its revision. */
export type Content = Pick<
  Product,
  'product_name' | 'product_description' | 'product_price' | 'product_images'
>

/** `unknown`: the answer was lost, or said that the service had trouble. It may have happened, or yet happen. */
export type Fate = 'sent' | 'acknowledged' | 'refused' | 'unknown'

interface Revision {
  content: Content
  fate: Fate
}

/** What a read must show at least, as things stood when it was sent. */
export interface Expectation {
  revision: number
  version: number
  deleted: boolean
}

/** What one product was told to be, and what the answers promised about it. */
export class Promised {
  readonly key: string
  readonly id: number
  readonly userId: number
  readonly #revisions: Revision[]
  readonly #digests = new Map<number, string>()
  #acknowledged = 0
  #leastVersion = 1
  #newestVersion = 1
  #deletion: Fate = 'refused'

  constructor(key: string, id: number, userId: number, content: Content) {
    this.key = key
    this.id = id
    this.userId = userId
    this.#revisions = [{ content, fate: 'acknowledged' }]
  }

  get path(): string {
    return `/api/v1/products/${this.id}`
  }

  /** The content of the last write that was answered. */
  get content(): Content {
    const revision = this.#revisions[this.#acknowledged]
    if (!revision) throw new Error('A promised product has a content')
    return revision.content
  }

  get nextRevision(): number {
    return this.#revisions.length
  }

  /** The newest ETag's number that a read has shown. */
  get newestVersion(): number {
    return this.#newestVersion
  }

  get deleted(): boolean {
    return this.#deletion === 'acknowledged'
  }

  /** Whether its deletion was answered, or may have happened. */
  get maybeDeleted(): boolean {
    return this.#deletion !== 'refused'
  }

  /** Every image that it may still have. */
  get possibleImages(): Set<string> {
    const possible = this.#revisions.filter((_, index) => this.#isPossible(index, this.#acknowledged))
    return new Set(possible.flatMap(({ content }) => content.product_images))
  }

  /** Notes a write before it is sent; what the function answered is to be called with the outcome. */
  writing(content: Content): (fate: Fate) => void {
    const index = this.#revisions.push({ content, fate: 'sent' }) - 1
    const above = this.#newestVersion
    return (fate) => {
      this.#revisions[index] = { content, fate }
      if (fate !== 'acknowledged') return
      this.#acknowledged = index
      this.#raise(above)
    }
  }

  deleting(): (fate: Fate) => void {
    const before = this.#deletion
    this.#deletion = 'sent'
    return (fate) => {
      this.#deletion = fate === 'refused' ? before : fate
    }
  }

  expectation(): Expectation {
    return { revision: this.#acknowledged, version: this.#leastVersion, deleted: this.deleted }
  }

  /** What is wrong with the answer to a read, or null. */
  judge(expected: Expectation, answer: Answer): string | null {
    if (answer.status === 404) return this.maybeDeleted ? null : 'is lost: 404'
    if (answer.status !== 200) return `cannot be read: ${answer.status} ${answer.body}`
    if (expected.deleted) return 'is back after its deletion was answered'
    const product: Product = JSON.parse(answer.body)
    const version = Number(headerOf(answer, 'etag').slice(1, -1))
    return this.#judgeContent(expected, product) ?? this.#judgeVersion(expected, version, answer.body)
  }

  /** What is wrong with a product as a list shows it, or null. */
  judgeListed(expected: Expectation, product: Product): string | null {
    return this.#judgeContent(expected, product)
  }

  #judgeContent(expected: Expectation, product: Product): string | null {
    const index = Number(product.product_name.split(' r').at(-1))
    const revision = this.#revisions[index]
    if (!revision) return `shows a revision that nobody wrote: ${product.product_name}`
    if (revision.fate === 'refused') return `shows revision ${index}, which was refused`
    if (!this.#isPossible(index, expected.revision))
      return `shows revision ${index} after revision ${expected.revision} was answered`
    const { product_name, product_description, product_price, product_images } = product
    const shown = JSON.stringify({ product_name, product_description, product_price, product_images })
    return shown === JSON.stringify(revision.content) ? null : `shows revision ${index} with another content`
  }

  #judgeVersion(expected: Expectation, version: number, body: string): string | null {
    if (!(version >= expected.version)) return `has ETag ${version}, but was at ${expected.version} before`
    const digest = createHash('md5').update(body).digest('base64')
    const known = this.#digests.get(version) ?? digest
    this.#digests.set(version, known)
    this.#newestVersion = Math.max(this.#newestVersion, version)
    return known === digest ? null : `has two contents under ETag ${version}`
  }

  /** A write whose answer was lost may still land after a later one. */
  #isPossible(index: number, least: number): boolean {
    return index >= least || this.#revisions[index]?.fate === 'unknown'
  }

  /** The write was sent after that version was seen, so it made a later one. */
  #raise(above: number): void {
    this.#leastVersion = Math.max(this.#leastVersion, above + 1)
  }
}

/** Every promise of a run. */
export class Ledger {
  readonly products: Promised[] = []
  /** Names of creates whose answer was lost: they may be there. */
  readonly maybe = new Set<string>()
  readonly violations: string[] = []
  reads = 0

  promise(key: string, id: number, userId: number, content: Content): Promised {
    const product = new Promised(key, id, userId, content)
    this.products.push(product)
    return product
  }

  /** Judges the answer to a read of one product, unless it told nothing. */
  judge(promised: Promised, expected: Expectation, answer: Answer): void {
    if (answer.status === 503 || answer.status === 429) return
    this.reads++
    this.#note(promised, promised.judge(expected, answer))
  }

  judgeListed(promised: Promised, expected: Expectation, listed: Product[]): void {
    this.reads++
    const product = listed.find(({ id }) => id === promised.id)
    if (product) this.#note(promised, promised.judgeListed(expected, product))
    else if (!promised.maybeDeleted) this.#note(promised, 'is not listed')
  }

  violate(promised: Promised, problem: string): void {
    this.#note(promised, problem)
  }

  #note(promised: Promised, problem: string | null): void {
    if (problem) this.violations.push(`product ${promised.id} (${promised.key}) ${problem}`)
  }
}
