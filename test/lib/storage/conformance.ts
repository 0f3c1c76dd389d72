import type { Test } from 'tap'
import type { ObjectStore } from '../../../lib/storage/object-store.ts'

export const { signal } = new AbortController()
export const picture = Buffer.from('a picture')

export const objectKey = (product: number, name: string) => `products/${product}/${name}.jpg`

export async function keys(objects: ObjectStore, prefix = ''): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of objects.list(prefix)) found.push(key)
  return found.sort()
}

/** What every object store has to do. `read` gets an object by its URL, without credentials. */
export function conformance(
  t: Test,
  objects: ObjectStore,
  { url, read }: { url: string; read(url: string): Promise<Buffer> }
): void {
  t.test('it can be used', async (t) => t.resolves(objects.ping()))

  t.test('an object can be read at the URL that `put` resolves with', async (t) => {
    const key = objectKey(1, 'one')
    t.equal(objects.urlOf(key), `${url}/products/1/one.jpg`)
    t.equal(await objects.put(key, picture, signal), objects.urlOf(key))
    t.same(await read(`${url}/${key}`), picture)
  })

  t.test('putting again replaces', async (t) => {
    const key = objectKey(2, 'one')
    await objects.put(key, Buffer.alloc(1000, 1), signal)
    await objects.put(key, picture, signal)
    t.same(await read(`${url}/${key}`), picture)
    t.same(await keys(objects, 'products/2/'), [key])
  })

  t.test('concurrent puts of the same key leave one whole object', async (t) => {
    const key = objectKey(3, 'one')
    const bodies = [1, 2, 3, 4].map((byte) => Buffer.alloc(100_000, byte))
    await Promise.all(bodies.map((body) => objects.put(key, body, signal)))
    const stored = await read(`${url}/${key}`)
    t.ok(bodies.some((body) => body.equals(stored)))
    t.same(await keys(objects, 'products/3/'), [key])
  })

  t.test('a removed object is gone, and removing it again succeeds', async (t) => {
    const key = objectKey(4, 'one')
    await objects.put(key, picture, signal)
    await objects.remove(key)
    await objects.remove(key, signal)
    t.same(await keys(objects, 'products/4/'), [])
    await t.rejects(read(`${url}/${key}`))
  })

  t.test('a list has the keys of its prefix, their sizes and when they came', async (t) => {
    const since = Date.now()
    for (const id of ['a', 'b']) await objects.put(objectKey(5, id), picture, signal)
    await objects.put(objectKey(55, 'c'), picture, signal)
    t.same(await keys(objects, 'products/5/'), ['products/5/a.jpg', 'products/5/b.jpg'])
    t.same(await keys(objects, 'products/nobody/'), [])
    const after: string[] = []
    for await (const { key } of objects.list('products/5', 'products/5/a.jpg')) after.push(key)
    t.same(after, ['products/5/b.jpg', 'products/55/c.jpg'], 'in order, from a key on')
    for await (const { bytes, modified } of objects.list('products/5/')) {
      t.equal(bytes, picture.length)
      t.ok(Math.abs(modified.getTime() - since) < 60_000, modified.toISOString())
    }
  })

  t.test('a put whose signal has aborted rejects with its reason and stores nothing', async (t) => {
    const reason = new Error('the service is stopping')
    await t.rejects(objects.put(objectKey(6, 'one'), picture, AbortSignal.abort(reason)), reason)
    t.same(await keys(objects, 'products/6/'), [])
  })
}
