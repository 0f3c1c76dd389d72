import type { ProductUpsert } from '../../client/src/index.ts'
import { ProductUpsert as Schema } from '../../lib/products/schemas.ts'
import { UsageError } from '../arguments.ts'

const FIELDS = Object.keys(Schema.properties)
const NUMBERS = ['product_price', 'user_id']
const METADATA = 'metadata.'

/** Which columns become which fields. A column that is named like a field becomes that field. */
export class Mapping {
  /** Columns that become no field. */
  readonly unused = new Set<string>()
  /** Columns of `--map` that no line has had. */
  readonly unseen: Set<string>
  readonly #fields: Map<string, string>
  readonly #isCsv: boolean

  /** `text`: `column=field,…`. Throws a UsageError that names what does not fit. */
  constructor(text: string, isCsv: boolean) {
    const pairs = text.split(',').filter((pair) => pair !== '')
    this.#fields = new Map(pairs.map(pairOf))
    this.unseen = new Set(this.#fields.keys())
    this.#isCsv = isCsv
  }

  get isEmpty(): boolean {
    return this.#fields.size === 0
  }

  /**
   * Empty cells are left out. Columns of JSON that are no field are sent: the service refuses them. Throws a
   * UsageError for CSV without a column of `--map`.
   */
  product(columns: [name: string, value: unknown][]): ProductUpsert {
    const product: Record<string, unknown> = {}
    if (this.unseen.size > 0) this.#see(columns.map(([column]) => column))
    for (const [column, value] of columns) {
      const field = this.#fields.get(column) ?? (this.#isCsv && !FIELDS.includes(column) ? undefined : column)
      if (field === undefined) this.unused.add(column)
      else if (value !== '') put(product, field, value)
    }
    return product
  }

  #see(columns: string[]): void {
    for (const column of columns) this.unseen.delete(column)
    if (this.unseen.size === 0 || !this.#isCsv) return
    const unseen = [...this.unseen].join(', ')
    throw new UsageError(`--map names columns that the CSV lacks: ${unseen}. It has ${columns.join(', ')}`)
  }
}

function put(product: Record<string, unknown>, field: string, value: unknown): void {
  if (field.startsWith(METADATA)) {
    const name = field.slice(METADATA.length)
    product.metadata = { ...(product.metadata ?? {}), [name]: value }
  } else if (field === 'product_images') {
    const before = Array.isArray(product.product_images) ? product.product_images : []
    product.product_images = [...before, ...sourcesOf(value)]
  } else {
    product[field] = typeof value === 'string' ? parsed(field, value) : value
  }
}

/** A cell may have several sources. */
const sourcesOf = (value: unknown) =>
  typeof value === 'string' ? value.trim().split(/[\s|]+/) : [value].flat()

/** What is no number is sent as text, so that the service says what is wrong. */
function parsed(field: string, text: string): unknown {
  if (NUMBERS.includes(field) && /^\d+(\.\d+)?$/.test(text.trim())) return Number(text)
  if (field !== 'metadata') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function pairOf(pair: string): [column: string, field: string] {
  const at = pair.lastIndexOf('=')
  const [column, field] = [pair.slice(0, at), pair.slice(at + 1)]
  if (at > 0 && (FIELDS.includes(field) || (field.length > METADATA.length && field.startsWith(METADATA))))
    return [column, field]
  throw new UsageError(
    `--map ${pair} must be column=field; the fields are ${FIELDS.join(', ')} and ${METADATA}<name>`
  )
}
