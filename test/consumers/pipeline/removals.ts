import type { Test } from 'tap'
import type { ProductRecord } from '../../../lib/products/record.ts'
import { settled } from '../../support/app.ts'
import {
  create,
  held,
  input,
  keysOf,
  pathOf,
  picture,
  type Scene,
  untilKeys,
  untilLateKeys
} from './scene.ts'

/** When objects are removed, and which stay. */
export function removals(t: Test, { app, origin, place }: Scene): void {
  t.test('a replaced image is removed with its object, the others stay as they are', async (t) => {
    const [kept, old, fresh] = [place(await picture(41)), place(await picture(42)), place(await picture(43))]
    const id = await create(app, [kept, old])
    const before = await settled(app, id)
    const payload = { ...input, product_images: [fresh, kept] }
    await app.inject({ method: 'PUT', url: `/api/v1/products/${id}`, payload })
    const after = await settled(app, id)
    await untilKeys(app, id, keysOf(after))
    const row = (record: ProductRecord) => record.images.find(({ source_url }) => source_url === kept)
    t.same(row(after), row(before))
    t.equal(origin.count(pathOf(kept)), 1)
  })

  t.test('a deleted product takes its objects with it', async () => {
    const id = await create(app, [place(await picture(51)), place(await picture(52))])
    await settled(app, id)
    await app.inject({ method: 'DELETE', url: `/api/v1/products/${id}` })
    await untilKeys(app, id, [])
  })

  for (const method of ['PUT', 'DELETE'] as const) {
    t.test(`an image that is removed by ${method} while it is made leaves no object behind`, async () => {
      const { handle, letGo } = held(await picture(61))
      const url = place(handle)
      const asked = origin.requested(pathOf(url))
      const id = await create(app, [url])
      await asked
      const payload = method === 'PUT' ? { ...input, product_images: [] } : undefined
      await app.inject({ method, url: `/api/v1/products/${id}`, ...(payload && { payload }) })
      const put = app.objects.put
      const stored = new Promise<void>((resolve) => {
        app.objects.put = async (...args) => {
          const url = await put.apply(app.objects, args)
          resolve()
          return url
        }
      })
      letGo()
      await stored
      app.objects.put = put
      await untilLateKeys(app, id, [])
    })
  }
}
