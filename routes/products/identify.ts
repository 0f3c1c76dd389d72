import { type Caller, defaultUser } from '../../lib/auth/caller.ts'
import { AppError } from '../../lib/http/app-error.ts'
import type { ProductInput, ProductUpsert } from '../../lib/products/schemas.ts'

/** Returns the input with its defaults. Throws if the caller may not write the user's products. */
export function identify(
  { product_name, ...input }: ProductUpsert,
  external_id: string,
  caller: Caller
): ProductInput & { external_id: string } {
  return { ...input, external_id, user_id: ownerOf(input, caller), product_name: product_name ?? external_id }
}

/** Returns the user that the input is for. Throws `forbidden`, and `invalid_request` if there is none. */
export function ownerOf(input: Pick<ProductUpsert, 'user_id'>, caller: Caller): number {
  const user_id = input.user_id ?? defaultUser(caller)
  if (user_id === undefined) {
    const detail = 'is required: these credentials act for all users'
    throw new AppError('invalid_request', 'The request does not name a user.', [
      { pointer: '/user_id', detail }
    ])
  }
  caller.mustActFor(user_id, '/user_id')
  return user_id
}
