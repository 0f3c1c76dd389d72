import { Readable } from 'node:stream'
import t from 'tap'
import type { OpenObject } from '../../../lib/storage/object-store.ts'
import { withUploads } from '../../../lib/uploads/reader.ts'
import { storedReader } from '../../../lib/uploads/stored.ts'

const { signal } = new AbortController()
const SOURCE = 'upload:7d4fa2c8-3f1c-4b8e-9a51-0c2f6f3f8a10'
const downloader = {
  download: () => Promise.reject(new Error('no download is needed')),
  locate: async (url: string) => ({ domain: url, networks: [] })
}

const reading = (object: OpenObject | null) =>
  withUploads(downloader, storedReader({ open: async () => object }, 10))
const objectOf = (...chunks: string[]) => ({
  bytes: chunks.join('').length,
  body: Readable.from(chunks.map((chunk) => Buffer.from(chunk)))
})

t.test('an upload is read from the store, within the limit of downloads', async (t) => {
  using source = await reading(objectOf('01234', '56789')).download(SOURCE, signal)
  t.equal(source.bytes.toString(), '0123456789')
  const large = objectOf('0123456789', '0')
  await t.rejects(reading(large).download(SOURCE, signal), { code: 'too_large', transient: false })
  t.equal(large.body.destroyed, true)
  const lying = { ...objectOf('0123456789', '0'), bytes: 5 }
  await t.rejects(reading(lying).download(SOURCE, signal), { code: 'too_large' })
})

t.test('other sources go to the downloader', async (t) => {
  await t.rejects(reading(null).download('https://a.example/', signal), { message: 'no download is needed' })
  t.strictSame(await reading(null).locate('https://a.example/'), {
    domain: 'https://a.example/',
    networks: []
  })
  t.strictSame(await reading(null).locate(SOURCE), { domain: 'uploads', networks: [] })
})

t.test('an upload that is not there, or cannot be read, may be later', async (t) => {
  await t.rejects(reading(null).download(SOURCE, signal), { code: 'unreachable', transient: true })
  const broken = { bytes: 5, body: new Readable({ read: () => broken.body.destroy(new Error('EIO')) }) }
  await t.rejects(reading(broken).download(SOURCE, signal), { code: 'storage', transient: true })
})

t.test('an abort rejects with its reason', async (t) => {
  const reason = new Error('the service stops')
  await t.rejects(reading(null).download(SOURCE, AbortSignal.abort(reason)), reason)
})
