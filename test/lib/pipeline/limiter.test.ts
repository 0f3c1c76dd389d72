import t from 'tap'
import { Snoozed } from '../../../lib/pipeline/snoozed.ts'
import { Crowd, createLimiter, settled, TIMEOUT } from '../../support/crowd.ts'

const { signal: never } = new AbortController()

t.test('a tarpit under 50 names of one address leaves places to others', async (t) => {
  const names = Array.from({ length: 50 }, (_, index) => `tar${index}.test`)
  const { limiter, pass } = createLimiter({}, Object.fromEntries(names.map((name) => [name, '192.0.2.1'])))
  const tarpit = new Crowd(limiter, 1000, (index) => `${names[index % 50]}`)
  await pass(1000)
  t.equal(tarpit.running, 36, 'three quarters of 48 before it has failed')
  const other = new Crowd(limiter, 1, 'other.test')
  await settled()
  t.equal(other.running, 1)
  await pass(2000)
  t.equal(tarpit.running + tarpit.snoozed, 1000, 'the rest leaves its messages to others')

  await tarpit.end(TIMEOUT)
  const again = new Crowd(limiter, 1000, (index) => `${names[index % 50]}`)
  await settled()
  for (let round = 0; round < 3; round++) await again.end(TIMEOUT)
  t.equal(again.running, 24, 'half of 48 once each name has failed')
})

t.test('of one domain with many addresses the same holds', async (t) => {
  const { limiter, pass } = createLimiter()
  const tarpit = new Crowd(limiter, 1000, (index) => `i${index}.tar.test`)
  await pass(1000)
  t.equal(tarpit.running, 36)
})

t.test('all origins that fail share half of the places', async (t) => {
  const { limiter, pass } = createLimiter()
  const names = Array.from({ length: 100 }, (_, index) => `tar${index}.test`)
  const tarpits = new Crowd(limiter, 100, (index) => `${names[index]}`)
  await pass(1000)
  await tarpits.end(TIMEOUT)
  await tarpits.end(TIMEOUT)
  await tarpits.end(TIMEOUT)
  const again = new Crowd(limiter, 100, (index) => `${names[index]}`)
  const others = new Crowd(limiter, 100, (index) => `shop${index}.test`)
  await settled()
  t.equal(again.running, 24)
  t.equal(others.running, 24)
})

t.test('an origin that responds slowly shares that half', async (t) => {
  const { limiter, pass } = createLimiter()
  const slow = new Crowd(limiter, 36, 'slow.test')
  await pass(6000)
  await slow.end()
  const again = new Crowd(limiter, 100, 'slow.test')
  await settled()
  t.equal(again.running, 24)
})

t.test('a free place goes to the origin with the fewest downloads', async (t) => {
  const { limiter } = createLimiter({ compress: 2, inFlight: 4 })
  const greedy = new Crowd(limiter, 100, 'greedy.test')
  const other = new Crowd(limiter, 1, 'first.test')
  const modest = new Crowd(limiter, 2, (index) => `modest${index}.test`)
  await settled()
  t.equal(greedy.running, 3)
  t.equal(other.running, 1)
  await other.end()
  t.equal(modest.running, 1)
  t.equal(greedy.running, 3)
})

t.test('of images with the same claim to a place the first to come is the next', async (t) => {
  const { limiter } = createLimiter({ compress: 1, inFlight: 2 })
  const blocker = new Crowd(limiter, 1, 'slow.test', 1)
  await settled()
  const urls = ['a', 'b', 'a', 'b', 'c'].map((name, at) => `http://${name}.test/${at}`)
  const order: string[] = []
  const run = (sourceUrl: string) =>
    limiter.run({ sourceUrl, userId: 1 }, never, async () => order.push(sourceUrl))
  await Promise.all(urls.map(run))
  t.same(order, urls)
  await blocker.end()
})

t.test('users without a place have one more a core, for all of them together', async (t) => {
  const { limiter } = createLimiter({ compress: 2, inFlight: 4 })
  const greedy = new Crowd(limiter, 100, (index) => `shop${index}.test`, 1)
  await settled()
  t.equal(greedy.running, 4)
  const others = Array.from({ length: 4 }, (_, n) => new Crowd(limiter, 2, `other${n}.test`, 2 + n))
  await settled()
  t.same(
    others.map(({ running }) => running),
    [1, 1, 0, 0]
  )
  await greedy.end()
  t.same(
    others.map(({ running }) => running),
    [1, 1, 1, 1]
  )
})

t.test(
  'a free place goes to the user with the fewest images in progress, whatever their origins',
  async (t) => {
    const hosts = [() => 'shop.test', (index: number) => `shop${index}.test`]
    for (const host of hosts) {
      const { limiter } = createLimiter({ compress: 2, inFlight: 4 })
      const greedy = new Crowd(limiter, 1000, host, 1)
      await settled()
      const modest = new Crowd(limiter, 1, 'shop.test', 2)
      await settled()
      await greedy.end()
      t.equal(modest.running, 1)
    }
  }
)

t.test('images of a busy origin wait as long as the cores are busy', async (t) => {
  const { limiter, pass } = createLimiter({ compress: 1, inFlight: 4 })
  const busy = Promise.withResolvers<void>()
  const computing = limiter.compute(1, () => busy.promise)
  const crowd = new Crowd(limiter, 10, 'shop.test')
  await pass(10_000)
  t.equal(crowd.running, 3)
  t.equal(crowd.snoozed, 0)
  busy.resolve()
  await computing
  await pass(2250)
  t.equal(crowd.snoozed, 7)
})

t.test('snoozed images return at the pace of their origin', async (t) => {
  const { limiter, pass } = createLimiter({ compress: 1, inFlight: 4 })
  const first = new Crowd(limiter, 1, 'slow.test')
  await settled()
  await pass(4000)
  await first.end()
  const crowd = new Crowd(limiter, 23, 'slow.test')
  await pass(3000)
  const waits = crowd.outcomes.map((outcome) => (outcome instanceof Snoozed ? outcome.waitMs : 0))
  t.equal(waits.length, 20)
  t.same(
    waits,
    waits.toSorted((a, b) => a - b)
  )
  t.equal(waits[0], 2000)
  t.equal(waits[19], 21_000, 'four of them in four seconds')
})

t.test('a redirect', async (t) => {
  t.test('counts for the origin that it leads to', async (t) => {
    const { limiter } = createLimiter()
    const hold = Promise.withResolvers<void>()
    const redirected = Array.from({ length: 60 }, (_, index) => `http://short${index}.test/`).map((url) =>
      limiter
        .run({ sourceUrl: url, userId: 1 }, never, async (visit) => {
          visit.responded()
          await visit.redirected('http://tar.test/')
          await hold.promise
        })
        .catch((error: unknown) => error)
    )
    await settled()
    t.equal(limiter.figures().places.downloading, 6, 'three quarters of the first eight')
    hold.resolve()
    const outcomes = await Promise.all(redirected)
    t.ok(outcomes.filter((outcome) => outcome instanceof Snoozed).length > 0)
  })
})

t.test('an image that waits leaves when its signal aborts', async (t) => {
  const { limiter } = createLimiter({ compress: 1, inFlight: 2 })
  const held = new Crowd(limiter, 1, 'shop.test')
  await settled()
  const stop = new AbortController()
  const reason = new Error('the service is stopping')
  const waiting = limiter.run({ sourceUrl: 'http://shop.test/', userId: 1 }, stop.signal, async () => 'begun')
  await settled()
  stop.abort(reason)
  await t.rejects(waiting, reason)
  await t.rejects(
    limiter.run({ sourceUrl: 'http://shop.test/', userId: 1 }, stop.signal, async () => 'begun'),
    reason
  )
  await held.end()
  t.equal(limiter.figures().places.downloading, 0)
})
