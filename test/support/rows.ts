import type { ImageRow, ProductRecord } from '../../lib/products/record.ts'

/** A pending image; its id is `row-<name>` and its URL ends with the name. */
export function pendingRow(name: string, fields: Partial<ImageRow> = {}): ImageRow {
  return {
    id: `row-${name}`,
    source_url: `https://a.example/${name}`,
    status: 'pending',
    object_key: null,
    url: null,
    width: null,
    height: null,
    source_bytes: null,
    bytes: null,
    renditions: {},
    placeholder: null,
    original: null,
    attempts: 0,
    error_code: null,
    error_detail: null,
    generation: 1,
    due_at: '2026-01-01T00:00:00+00:00',
    ...fields
  }
}

/** A finished one. */
export const doneRow = (name: string): ImageRow =>
  pendingRow(name, {
    status: 'done',
    object_key: `products/7/${name}.jpg`,
    url: `https://cdn.example/${name}.jpg`,
    width: 800,
    height: 600,
    source_bytes: 2000,
    bytes: 1000,
    attempts: 1
  })

export const failedRow = (name: string): ImageRow =>
  pendingRow(name, { status: 'failed', attempts: 5, error_code: 'timeout', error_detail: 'Too slow.' })

/** Product 7 at version 3, whose images are these rows in their order. */
export function record(images: ImageRow[], fields: Partial<ProductRecord> = {}): ProductRecord {
  return {
    id: 7,
    user_id: 1,
    external_id: 'SKU-7',
    product_name: 'Desk lamp',
    product_description: 'Bright.',
    product_price: 100.5,
    product_images: images.map((row) => row.source_url),
    metadata: { color: 'green' },
    created_at: new Date('2026-01-01T00:00:00.000Z'),
    updated_at: new Date('2026-01-02T00:00:00.000Z'),
    version: 3,
    read_at: new Date('2026-01-03T00:00:00.000Z'),
    images,
    ...fields
  }
}
