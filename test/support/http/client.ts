import { setTimeout as wait } from 'node:timers/promises'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

const Product = Type.Object({
  image_status: Type.String(),
  images: Type.Array(
    Type.Object({
      status: Type.String(),
      attempts: Type.Integer(),
      error: Type.Union([Type.Null(), Type.Object({ code: Type.String(), detail: Type.String() })])
    })
  )
})
const Created = Type.Object({ product_id: Type.Integer() })

/** Creates a product. Resolves with its id. */
export async function create(service: string, product_images: string[]): Promise<number> {
  const body = JSON.stringify({ user_id: 1, product_name: 'Lamp', product_price: 1, product_images })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${service}/api/v1/products`, { method: 'POST', headers, body })
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
  return Value.Decode(Created, await response.json()).product_id
}

/** Reads a product. Waits and asks again if the service is overloaded, as a client does. */
export async function read(service: string, id: number): Promise<Static<typeof Product>> {
  const response = await fetch(`${service}/api/v1/products/${id}`)
  if (response.status === 503) {
    await wait(Number(response.headers.get('retry-after')) * 1000)
    return await read(service, id)
  }
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return Value.Decode(Product, await response.json())
}

/** Asks again and again, as a client does, until the result is right. */
export async function until<T>(ask: () => Promise<T>, isRight: (result: T) => boolean): Promise<T> {
  for (;;) {
    const result = await ask()
    if (isRight(result)) return result
    await wait(50)
  }
}

/** The product when none of its images is pending. */
export const settled = (service: string, id: number) =>
  until(
    () => read(service, id),
    ({ image_status }) => image_status !== 'pending'
  )

export const statusOf = async (url: string) => (await fetch(url)).status
