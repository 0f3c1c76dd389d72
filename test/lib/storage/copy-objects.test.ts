import t from 'tap'
import { copyObjects } from '../../../lib/storage/copy-objects.ts'
import { FileStore } from '../../../lib/storage/files.ts'
import { createFolder } from '../../support/servers/guard.ts'

const { signal } = new AbortController()
const KEYS = ['products/1/a.jpg', 'products/1/b.jpg', 'products/2/c.jpg', 'uploads/d']

const openStore = () => new FileStore(createFolder('objects'), () => 'http://a.test')

async function filledStore(): Promise<FileStore> {
  const store = openStore()
  for (const key of KEYS) await store.put(key, Buffer.from(key), signal)
  return store
}

/** Stores as long as `accepts` says so. */
class PickyStore extends FileStore {
  accepts: (key: string) => boolean = () => true

  override async put(...[key, bytes, signal]: Parameters<FileStore['put']>): Promise<string> {
    if (!this.accepts(key)) throw new Error('The bucket is away')
    return super.put(key, bytes, signal)
  }
}

t.test('a copy that was interrupted is repeated for what is missing or differs', async (t) => {
  const from = await filledStore()
  const to = new PickyStore(createFolder('objects'), () => 'http://b.test')
  await to.put('products/1/b.jpg', Buffer.from('another one'), signal)
  to.accepts = (key) => key !== 'products/2/c.jpg'
  await t.rejects(
    copyObjects(from, to, () => undefined),
    { message: 'The bucket is away' }
  )
  to.accepts = (key) => key === 'products/2/c.jpg'
  const seen: number[] = []
  const bytes = KEYS.join('').length
  const all = { objects: 4, bytes, copied: 1 }
  t.same(await copyObjects(from, to, ({ objects }) => seen.push(objects)), all)
  t.same(seen, [1, 2, 3, 4])
})

t.test('a store that returns other bytes than it got is noticed', async (t) => {
  class Forgetful extends FileStore {
    override put(...[key, , signal]: Parameters<FileStore['put']>): Promise<string> {
      return super.put(key, Buffer.from('other bytes'), signal)
    }
  }
  const to = new Forgetful(createFolder('objects'), () => 'http://b.test')
  await t.rejects(
    copyObjects(await filledStore(), to, () => undefined),
    { message: /^The object .* is another one when it is read back from the bucket$/ }
  )
})
