import t from 'tap'
import { ImageError } from '../../../lib/image/error.ts'
import type { Limiter } from '../../../lib/pipeline/limiter.ts'
import { Snoozed } from '../../../lib/pipeline/snoozed.ts'
import { Crowd, createLimiter, settled, TIMEOUT } from '../../support/crowd.ts'

const { signal: never } = new AbortController()

const opened = async (error = TIMEOUT) => {
  const { limiter, pass } = createLimiter()
  const first = new Crowd(limiter, 5, 'down.test')
  const waiting = new Crowd(limiter, 1000, 'down.test')
  await pass(1000)
  await first.end(error)
  return { limiter, pass, waiting }
}
const one = (limiter: Limiter) => new Crowd(limiter, 1, 'down.test')

t.test('a breaker opens after five failures in a row and snoozes what waits', async (t) => {
  const { limiter, waiting } = await opened()
  t.equal(waiting.running + waiting.snoozed, 1000)
  t.match(limiter.figures().breakers, { open: 1, half_open: 0 })
  const next = one(limiter)
  await settled()
  t.type(next.outcomes[0], Snoozed)
})

t.test(
  'a breaker stays closed while some images succeed, and after failures that are the image’s own',
  async (t) => {
    const { limiter } = await opened(
      new ImageError('http_status', 'The server responded with 404 Not Found.')
    )
    t.match(limiter.figures().breakers, { open: 0, half_open: 0 })
    for (const error of [TIMEOUT, TIMEOUT, TIMEOUT, TIMEOUT, undefined, TIMEOUT, TIMEOUT]) {
      const next = one(limiter)
      await settled()
      await next.end(error)
    }
    t.match(limiter.figures().breakers, { open: 0, half_open: 0 })
  }
)

t.test('a breaker lets one image pass after a pause, which closes it', async (t) => {
  const { limiter, pass, waiting } = await opened()
  await waiting.end(TIMEOUT)
  await pass(5000)
  const probes = new Crowd(limiter, 10, 'down.test')
  await settled()
  t.equal(probes.running, 1)
  t.same(limiter.figures().breakers, { closed: 0, open: 0, half_open: 1 })
  await probes.end()
  t.match(limiter.figures().breakers, { open: 0, half_open: 0 })
  const crowd = new Crowd(limiter, 10, 'down.test')
  await settled()
  t.equal(crowd.running, 10)
})

t.test('a breaker opens again for longer when the probe fails', async (t) => {
  const { limiter, pass, waiting } = await opened()
  await waiting.end(TIMEOUT)
  await pass(5000)
  const probe = one(limiter)
  await settled()
  await probe.end(TIMEOUT)
  await pass(5000)
  t.match(limiter.figures().breakers, { open: 1 })
  await pass(5000)
  t.match(limiter.figures().breakers, { half_open: 1 })
})

t.test('a breaker is not kept half open by a probe that was interrupted', async (t) => {
  const { limiter, pass, waiting } = await opened()
  await waiting.end(TIMEOUT)
  await pass(5000)
  await limiter.run({ sourceUrl: 'http://down.test/', userId: 1 }, never, async () => 'interrupted')
  const next = one(limiter)
  await settled()
  t.equal(next.running, 1)
})

t.test('a breaker fails images by their attempts once the origin has failed for a minute', async (t) => {
  const { limiter, pass, waiting } = await opened()
  await waiting.end(TIMEOUT)
  await pass(60_000)
  const probe = one(limiter)
  await settled()
  t.equal(probe.running, 1, 'there is always a probe')
  const next = one(limiter)
  await settled()
  t.match(next.outcomes[0], {
    name: 'ImageError',
    code: 'timeout',
    message: 'All requests to the server have failed for more than a minute.',
    transient: true
  })
  const { retryAfterMs } = next.outcomes[0] as ImageError
  t.ok(Number(retryAfterMs) >= 2000 && Number(retryAfterMs) <= 60_000, String(retryAfterMs))
})

t.test('a redirect blames the origin that failed', async (t) => {
  const { limiter } = createLimiter()
  for (let i = 0; i < 5; i++) {
    await limiter.run({ sourceUrl: 'http://short.test/', userId: 1 }, never, async (visit) => {
      visit.responded()
      await visit.redirected('http://down.test/')
      visit.failed(TIMEOUT)
    })
  }
  t.match(limiter.figures().breakers, { closed: 1, open: 1 })
})
