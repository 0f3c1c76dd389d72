import { createHash } from 'node:crypto'
import type { Product } from '../../lib/products/schemas.ts'
import { type HttpResponse, headerOf } from './http.ts'

/** What a client writes of a product. The name ends with the number of the revision. */
export type Content = Pick<
  Product,
  'product_name' | 'product_description' | 'product_price' | 'product_images'
>

/** `unknown`: no response, or a 5xx. The write may have happened, or may yet happen. */
export type Fate = 'sent' | 'acknowledged' | 'refused' | 'unknown'

interface Revision {
  content: Content
  fate: Fate
}

/** What a read must show at least, by what was known when it was sent. */
export interface Expectation {
  revision: number
  version: number
  deleted: boolean
}

/** What was written of one product, and what the responses promised about it. */
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

  /** The content of the last write that was acknowledged. */
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

  /** Whether it was deleted, or may have been. */
  get maybeDeleted(): boolean {
    return this.#deletion !== 'refused'
  }

  /** Every image that it may still have. */
  get possibleImages(): Set<string> {
    const possible = this.#revisions.filter((_, index) => this.#isPossible(index, this.#acknowledged))
    return new Set(possible.flatMap(({ content }) => content.product_images))
  }

  /** Notes a write before it is sent. Call the function that it returns with the outcome. */
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

  /** What is wrong with the response to a read, or null. */
  problemOf(expected: Expectation, response: HttpResponse): string | null {
    const { status, body } = response
    if (status === 404) return this.maybeDeleted ? null : 'is lost: 404'
    if (status !== 200) return `cannot be read: ${status} ${body}`
    if (expected.deleted) return 'is back after its deletion was acknowledged'
    const product: Product = JSON.parse(body)
    const version = Number.parseInt(headerOf(response, 'etag').slice(1), 10)
    return this.#problemOfContent(expected, product) ?? this.#problemOfVersion(expected, version, body)
  }

  /** What is wrong with a product as a list shows it, or null. */
  problemOfListed(expected: Expectation, product: Product): string | null {
    return this.#problemOfContent(expected, product)
  }

  #problemOfContent(expected: Expectation, product: Product): string | null {
    const index = Number(product.product_name.split(' r').at(-1))
    const revision = this.#revisions[index]
    if (!revision) return `shows a revision that was never written: ${product.product_name}`
    if (revision.fate === 'refused') return `shows revision ${index}, which was refused`
    if (!this.#isPossible(index, expected.revision))
      return `shows revision ${index} after revision ${expected.revision} was acknowledged`
    const { product_name, product_description, product_price, product_images } = product
    const shown = JSON.stringify({ product_name, product_description, product_price, product_images })
    return shown === JSON.stringify(revision.content) ? null : `shows revision ${index} with another content`
  }

  #problemOfVersion(expected: Expectation, version: number, body: string): string | null {
    if (!(version >= expected.version)) return `has ETag ${version}, but was at ${expected.version} before`
    const digest = createHash('md5').update(body).digest('base64')
    const known = this.#digests.get(version) ?? digest
    this.#digests.set(version, known)
    this.#newestVersion = Math.max(this.#newestVersion, version)
    return known === digest ? null : `has two contents under ETag ${version}`
  }

  /** A write without a response may still land after a later one. */
  #isPossible(index: number, least: number): boolean {
    return index >= least || this.#revisions[index]?.fate === 'unknown'
  }

  /** The write was sent after a read showed that version, so it made a later one. */
  #raise(above: number): void {
    this.#leastVersion = Math.max(this.#leastVersion, above + 1)
  }
}
