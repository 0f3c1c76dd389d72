import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { ImageError } from '../../../lib/image/error.ts'
import { parseRenditions } from '../../../lib/image/rendition.ts'
import { Limiter } from '../../../lib/pipeline/limiter.ts'
import { ImageMaker } from '../../../lib/pipeline/make-image.ts'
import { createLog } from '../../support/log.ts'
import { pendingRow } from '../../support/rows.ts'

const { signal } = new AbortController()
const bytes = Buffer.from('a picture')

const IMAGE = pendingRow('lamp')

const decoded = (dispose = () => {}) => ({
  jpeg: bytes,
  width: 8,
  height: 6,
  renditions: [],
  placeholder: null,
  [Symbol.dispose]: dispose
})

const options = () => ({
  downloader: { download: async () => ({ bytes, [Symbol.dispose]: () => undefined }) },
  limiter: new Limiter({
    capacity: { compress: 1, inFlight: 1 },
    locate: async () => ({ domain: 'a.example', networks: [] })
  }),
  wanted: { renditions: [], placeholders: false },
  readOriginal: null,
  retry: { maxAttempts: 3, baseMs: 1000 },
  jobTimeoutMs: 60_000,
  log: createLog()
})

t.test('the next upload goes to the user with the fewest', async (t) => {
  const uploads: string[] = []
  const [compressed, uploaded] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let pictures = 0
  const maker = new ImageMaker({
    ...options(),
    decoder: {
      compress: async () => {
        if (++pictures === 4) compressed.resolve()
        return decoded()
      }
    },
    objects: {
      put: async (key) => {
        uploads.push(key.split('/')[1] ?? '')
        await uploaded.promise
        return key
      }
    },
    limiter: new Limiter({
      capacity: { compress: 4, inFlight: 8 },
      locate: async (url) => ({ domain: new URL(url).hostname, networks: [] }),
      uploads: 2
    })
  })
  const make = (productId: number, userId: number) =>
    maker.make(IMAGE, { productId, userId, stop: signal, signal })
  const made = [make(1, 1), make(2, 1), make(3, 1), make(4, 2)]
  await compressed.promise
  await turn()
  uploaded.resolve()
  await Promise.all(made)
  t.same(uploads, ['1', '2', '4', '3'])
})

t.test(
  'if one object of an image cannot be stored, the attempt fails, when the others are done',
  async (t) => {
    const [failing, running] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const ended = Promise.withResolvers<void>()
    const put: string[] = []
    const picture = { bytes, width: 8, height: 6 }
    const maker = new ImageMaker({
      ...options(),
      decoder: {
        compress: async () => ({ ...decoded(), renditions: [picture, picture] })
      },
      objects: {
        put: async (key) => {
          put.push(key)
          if (put.length === 4) running.resolve()
          await (key.includes('-wide-') ? failing.promise : ended.promise)
          return key
        }
      },
      wanted: { renditions: parseRenditions('thumb:8x,format=webp;wide:9x'), placeholders: false },
      readOriginal: async () => null
    })
    let isMade = false
    const making = maker.make(IMAGE, { productId: 7, userId: 1, stop: signal, signal }).then((outcome) => {
      isMade = true
      return outcome
    })
    await running.promise
    failing.reject(new ImageError('storage', 'The bucket is full.', { transient: true }))
    await turn()
    t.equal(isMade, false, 'an upload is still running')
    ended.resolve()
    const { stored, ...outcome } = await making
    t.match(outcome, { status: 'snoozed', code: 'store_down', detail: 'The bucket is full.' })
    t.strictSame(stored?.toSorted(), put.toSorted(), 'all that was or may have been stored')
    t.equal(put.filter((key) => key.startsWith('originals/')).length, 1)
  }
)

t.test('the memory of a result is used again when it is stored, and never after a failure', async (t) => {
  let disposals = 0
  const stored = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
  const puts = stored.values()
  const maker = new ImageMaker({
    ...options(),
    decoder: { compress: async () => decoded(() => disposals++) },
    objects: { put: () => puts.next().value?.promise ?? Promise.reject(new Error('Unexpected')) }
  })
  const make = () => maker.make(IMAGE, { productId: 1, userId: 1, stop: signal, signal })
  const made = make()
  await turn()
  t.equal(disposals, 0, 'the store may still read it')
  stored[0]?.resolve('')
  t.match(await made, { status: 'done' })
  t.equal(disposals, 1)
  stored[1]?.reject(new ImageError('storage', 'Full', { transient: true }))
  t.match(await make(), { status: 'snoozed' })
  t.equal(disposals, 1)
})
