import { SignJWT } from 'jose'
import type { Test } from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'

export const SECRET = 'a secret of thirty-two characters'
export const [OPS, ADA, BOB] = ['key-of-operations', 'key-of-ada-user-1', 'key-of-bob-user-2']
export const ops = { 'x-api-key': OPS }
export const ada = { 'x-api-key': ADA }
export const bob = { 'x-api-key': BOB }

export const PRODUCTS = '/api/v1/products'
export const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }
export const LAMP_OF_BOB = { ...LAMP, user_id: 2 }

/** A service with keys for all users, user 1 and user 2, with a product of each user. */
export async function serviceWithKeys(t: Test) {
  const app = await buildTestApp(t, { API_KEYS: `${OPS},${ADA}:1,${BOB}:2`, JWT_SECRET: SECRET })
  await app.pg.query(`INSERT INTO users (username) VALUES ('bob')`)
  const call = await documented(app)
  const create = async (payload: object) => {
    const reply = await call({ method: 'POST', url: PRODUCTS, headers: ops, payload })
    return { id: reply.json().product_id, url: String(reply.headers.location) }
  }
  return { app, call, lamp: await create(LAMP), foreign: await create(LAMP_OF_BOB) }
}

export const token = (claims: Record<string, unknown>) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(SECRET))
