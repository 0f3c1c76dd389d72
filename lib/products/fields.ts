import type { ProductInput } from './schemas.ts'

/** What a client writes of a product. */
export interface ProductFields {
  product_name: string
  product_description: string
  product_price: number
  product_images: string[]
}

/** Their columns in `products p`. To add one, extend each part of this file and the schema. */
const COLUMNS: Record<keyof ProductFields, { type: string; read: string }> = {
  product_name: { type: 'varchar', read: 'p.product_name' },
  product_description: { type: 'text', read: `coalesce(p.product_description, '')` },
  product_price: { type: 'numeric', read: 'p.product_price::float8' },
  product_images: { type: 'text[]', read: `coalesce(array_remove(p.product_images, NULL), '{}')` }
}

/** Null is as if the field were left out. */
export const fieldsOf = (input: Omit<ProductInput, 'user_id'>): ProductFields => ({
  product_name: input.product_name,
  product_description: input.product_description ?? '',
  product_price: input.product_price ?? 0,
  product_images: input.product_images ?? []
})

const listed = (text: (name: string, column: { type: string; read: string }) => string) =>
  Object.entries(COLUMNS)
    .map(([name, column]) => text(name, column))
    .join(', ')

/** For an INSERT, and for the SELECT that feeds it. */
export const FIELD_NAMES = listed((name) => name)
/** For jsonb_to_record. */
export const FIELD_TYPES = listed((name, { type }) => `${name} ${type}`)
/** For an UPDATE from such a record `f`. */
export const FIELD_UPDATES = listed((name) => `${name} = f.${name}`)
/** For a SELECT from `products p`. */
export const FIELD_READS = listed((name, { read }) => `${read} AS ${name}`)
