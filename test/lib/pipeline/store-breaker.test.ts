import { syncBuiltinESMExports } from 'node:module'
import { mock } from 'node:test'
import t from 'tap'
import { ImageError } from '../../../lib/image/error.ts'
import { StoreBreaker, StoreDown } from '../../../lib/pipeline/store-breaker.ts'

const REFUSED = new ImageError('storage', 'The bucket is full.', { transient: true })
const { signal: never } = new AbortController()
const settled = () => new Promise(setImmediate)

mock.timers.enable({ apis: ['setTimeout'] })
// For the named import of the breaker.
syncBuiltinESMExports()

/** A breaker on a clock that only `pass` moves, and uploads through it that last until they are ended. */
function create() {
  let time = 0
  const changes: unknown[] = []
  const breaker = new StoreBreaker({
    onChange: (failure) => void changes.push(failure?.message ?? null),
    now: () => time
  })
  const running: PromiseWithResolvers<string>[] = []
  const ended: unknown[] = []
  const upload = async (signal = never) => {
    const begin = () => {
      const upload = Promise.withResolvers<string>()
      running.push(upload)
      return upload.promise
    }
    ended.push(await breaker.run(signal, begin).catch((error: unknown) => error))
  }
  return {
    breaker,
    changes,
    running,
    ended,
    async begin(count: number, signal?: AbortSignal) {
      for (let at = 0; at < count; at++) void upload(signal)
      await settled()
    },
    /** Ends all that run. */
    async end(error?: unknown) {
      for (const upload of running.splice(0))
        error === undefined ? upload.resolve('stored') : upload.reject(error)
      await settled()
    },
    async pass(ms: number) {
      time += ms
      mock.timers.tick(ms)
      await settled()
    }
  }
}

async function opened() {
  const store = create()
  await store.begin(5)
  await store.end(REFUSED)
  store.ended.length = 0
  return store
}

t.test(
  'five failures in a row open it: one upload begins after each pause, and the pauses grow',
  async (t) => {
    const { begin, end, pass, running, changes } = await opened()
    await begin(10)
    t.equal(running.length, 0)
    const began: number[] = []
    for (const ms of [1000, 2000, 4000, 8000, 15_000, 15_000]) {
      await pass(ms - 1)
      began.push(running.length)
      await pass(1)
      began.push(running.length)
      await end(REFUSED)
    }
    t.strictSame(began, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    t.strictSame(changes, ['The bucket is full.'])
  }
)

t.test('an upload that hangs does not keep the next one from its turn', async (t) => {
  const { begin, pass, running } = await opened()
  await begin(10)
  await pass(1000)
  await pass(2000)
  t.equal(running.length, 2)
})

t.test('all that wait begin when one has succeeded', async (t) => {
  const { begin, end, pass, running, changes, ended } = await opened()
  await begin(10)
  await pass(1000)
  await end()
  t.equal(running.length, 9)
  t.strictSame(changes, ['The bucket is full.', null])
  await end()
  t.strictSame(ended, Array(10).fill('stored'))
})

t.test('a failure is the store’s if nothing was stored meanwhile, and otherwise the image’s', async (t) => {
  const { begin, end, running, ended } = create()
  await begin(3)
  running.shift()?.reject(REFUSED)
  await settled()
  t.match(ended, [{ name: 'StoreDown', message: 'The bucket is full.', waitMs: 1000 }])
  running.shift()?.resolve('stored')
  await settled()
  await end(REFUSED)
  t.strictSame(ended.slice(1), ['stored', REFUSED])
})

t.test('failures with successes between them do not open it', async (t) => {
  const { begin, end, changes } = create()
  for (let at = 0; at < 10; at++) {
    await begin(4)
    await end(REFUSED)
    await begin(1)
    await end()
  }
  t.strictSame(changes, [])
})

t.test('an upload that is interrupted while it waits is snoozed', async (t) => {
  const { begin, ended } = await opened()
  const stop = new AbortController()
  await begin(1, stop.signal)
  stop.abort()
  await settled()
  t.type(ended[0], StoreDown)
})

t.test('an upload that is interrupted at once says nothing about the store', async (t) => {
  const { begin, end, ended, changes } = create()
  const stop = new AbortController()
  await begin(5, stop.signal)
  stop.abort('the service is stopping')
  await end(stop.signal.reason)
  t.strictSame(ended, Array(5).fill('the service is stopping'))
  t.strictSame(changes, [])
})

t.test('an upload that is interrupted after ten silent seconds is a failure of the store', async (t) => {
  const { begin, end, pass, ended, changes } = create()
  const stop = new AbortController()
  await begin(5, stop.signal)
  await pass(10_000)
  stop.abort('the job took too long')
  await end(stop.signal.reason)
  t.ok(ended.every((error) => error instanceof StoreDown))
  t.strictSame(changes, ['The image could not be stored and will be retried.'])
})

t.test('it shows its failure until an upload succeeds, or for two minutes after the last one', async (t) => {
  const { breaker, begin, end, pass } = await opened()
  t.equal(breaker.failure, REFUSED)
  await pass(120_000)
  t.equal(breaker.failure, null)
  await begin(1)
  await end(REFUSED)
  t.equal(breaker.failure, REFUSED)
  await begin(1)
  await pass(2000)
  await end()
  t.equal(breaker.failure, null)
})
