import type { Metadata, ProductInput } from './schemas.ts'

/** The fields of a product that a client writes. */
export interface ProductFields {
  external_id: string | null
  product_name: string
  product_description: string
  product_price: number
  product_images: string[]
  metadata: Metadata
}

interface Column {
  /** The type in a record `f` that jsonb_to_record makes of `columnsOf`. */
  type: string
  read: string
  /** The value to write, from such a record. Default: the field itself. */
  write?: string
}

/**
 * Their columns in `products p`. To add one: a migration in sql/, each part of this file, `productInput` and
 * `Product` in schemas.ts, then `npm run openapi` and `npm run client`.
 */
const COLUMNS: Record<keyof ProductFields, Column> = {
  external_id: { type: 'text', read: 'p.external_id' },
  product_name: { type: 'varchar', read: 'p.product_name' },
  product_description: { type: 'text', read: `coalesce(p.product_description, '')` },
  product_price: { type: 'numeric', read: 'p.product_price::float8' },
  product_images: { type: 'text[]', read: `coalesce(array_remove(p.product_images, NULL), '{}')` },
  // jsonb would sort its keys.
  metadata: { type: 'text', read: `coalesce(p.metadata, '{}')`, write: 'f.metadata::json' }
}

/** Null counts as left out. `kept` has the values that a replacement without these fields keeps. */
export const fieldsOf = (
  input: Omit<ProductInput, 'user_id'>,
  kept?: Pick<ProductFields, 'external_id' | 'metadata'>
): ProductFields => ({
  external_id: input.external_id ?? kept?.external_id ?? null,
  product_name: input.product_name,
  product_description: input.product_description ?? '',
  product_price: input.product_price ?? 0,
  product_images: input.product_images ?? [],
  metadata: input.metadata ?? kept?.metadata ?? {}
})

/**
 * Returns the record `f`. What is empty is left out: requests of earlier versions keep their fingerprints.
 */
export function columnsOf({ external_id, metadata, ...others }: ProductFields) {
  const isEmpty = Object.keys(metadata).length === 0
  return {
    ...others,
    ...(external_id !== null && { external_id }),
    ...(!isEmpty && { metadata: JSON.stringify(metadata) })
  }
}

const listed = (text: (name: string, column: Column) => string) =>
  Object.entries(COLUMNS)
    .map(([name, column]) => text(name, column))
    .join(', ')

/** For an INSERT. */
export const FIELD_NAMES = listed((name) => name)
/** For the SELECT from such a record `f` that feeds it. */
export const FIELD_VALUES = listed((name, { write = `f.${name}` }) => write)
/** For jsonb_to_record. */
export const FIELD_TYPES = listed((name, { type }) => `${name} ${type}`)
/** For an UPDATE from such a record `f`. */
export const FIELD_UPDATES = listed((name, { write = `f.${name}` }) => `${name} = ${write}`)
/** For a SELECT from `products p`. */
export const FIELD_READS = listed((name, { read }) => `${read} AS ${name}`)
