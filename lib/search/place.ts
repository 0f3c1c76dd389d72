import { AppError } from '../http/app-error.ts'

/** The place of an image in the order of a search. */
export interface Place {
  product_id: number
  id: string
}

export const encodePlace = ({ product_id, id }: Place) =>
  Buffer.from(`${product_id}.${id}`).toString('base64url')

export function decodePlace(cursor: string): Place {
  const match = /^(\d{1,10})\.([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString())
  const [, product_id, id] = match ?? []
  if (!id || Number(product_id) > 2_147_483_647 || !/^[0-9a-f]{8}(-[0-9a-f]{4}){4}[0-9a-f]{8}$/.test(id)) {
    const detail = 'is not a cursor of this service; take it from next of the previous page'
    throw new AppError('invalid_request', 'The cursor cannot be used.', [{ pointer: 'cursor', detail }])
  }
  return { product_id: Number(product_id), id }
}
