import type { Pool } from 'pg'
import { createOnce, type IdempotencyKey } from '../database/idempotency.ts'
import { AppError } from '../http/app-error.ts'
import { carrier } from '../log/context.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { ProductInput } from './schemas.ts'
import { CREATE, CREATE_ONCE } from './statements.ts'

const FOREIGN_KEY_VIOLATION = '23503'

interface CreatedRow {
  id: number
  owed_id: string | null
}

/** Answers the new product's id, or with a key the one that it has created before. Rejects with `unknown_user`. */
export async function createProduct(
  pool: Pool,
  outbox: Outbox,
  input: ProductInput,
  key?: IdempotencyKey
): Promise<number> {
  try {
    return key ? await createKeyed(pool, outbox, input, key) : await createLeased(pool, outbox, input)
  } catch (error) {
    if ((error as { code?: string }).code !== FOREIGN_KEY_VIOLATION) throw error
    throw unknownUser(input.user_id)
  }
}

async function createKeyed(
  pool: Pool,
  outbox: Outbox,
  input: ProductInput,
  key: IdempotencyKey
): Promise<number> {
  const id = await createOnce(pool, CREATE_ONCE, columnsOf(input), key, [JSON.stringify(carrier())])
  if (input.product_images?.length) outbox.enqueued(['images'])
  return id
}

/** A row that a consumer of this process has a place for is leased to it at once: a claim would cost as much as the insert. */
async function createLeased(pool: Pool, outbox: Outbox, input: ProductInput): Promise<number> {
  const { user_id, product_images = [] } = input
  const reservation = product_images.length > 0 ? outbox.reserve('images') : null
  try {
    const payload = carrier()
    const values = [...columnsOf(input), JSON.stringify(payload), reservation?.leaseMs ?? 0]
    const { rows } = await pool.query<CreatedRow>({ ...CREATE, values })
    if (!rows[0]) throw new Error('INSERT returned no id')
    const { id: product_id, owed_id: id } = rows[0]
    if (id !== null && !reservation) outbox.enqueued(['images'])
    else if (id !== null)
      reservation?.accept({ id, kind: 'images', product_id, payload, claims: 1, user_id, product_images })
    return product_id
  } finally {
    reservation?.cancel()
  }
}

function columnsOf(input: ProductInput): unknown[] {
  const { user_id, product_name, product_description = '', product_price, product_images = [] } = input
  return [user_id, product_name, product_description, product_price, product_images]
}

function unknownUser(id: number): AppError {
  const detail = 'is no user of this service; create one with POST /api/v1/users'
  return new AppError('unknown_user', `There is no user ${id}.`, [{ pointer: '/user_id', detail }])
}
