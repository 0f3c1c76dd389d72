import t from 'tap'
import { retryWaitMs, withBackoff } from '../../../lib/outbox/backoff.ts'

const POLICY = { maxAttempts: 5, baseMs: 2000 }
const longest = () => 0
const shortest = () => 1

t.test('the wait doubles with each attempt, up to ten minutes', async (t) => {
  const waits = [1, 2, 3, 4, 5, 9, 10, 11, 100, 2000].map((attempt) =>
    retryWaitMs(POLICY, attempt, 0, longest)
  )
  t.strictSame(waits, [2000, 4000, 8000, 16_000, 32_000, 512_000, 600_000, 600_000, 600_000, 600_000])
})

t.test('up to a half of it is left out at random', async (t) => {
  t.equal(retryWaitMs(POLICY, 1, 0, shortest), 1000)
  t.equal(
    retryWaitMs(POLICY, 3, 0, () => 0.5),
    6000
  )
  for (let i = 0; i < 100; i++) {
    const wait = retryWaitMs(POLICY, 2)
    t.ok(wait >= 2000 && wait <= 4000 && Number.isInteger(wait))
  }
})

t.test('it is never shorter than the origin asked for', async (t) => {
  t.equal(retryWaitMs(POLICY, 1, 30_000, longest), 30_000)
  t.equal(retryWaitMs(POLICY, 5, 30_000, longest), 32_000)
  t.equal(retryWaitMs(POLICY, 1, undefined, longest), 2000)
})

t.test('a relay gives a row up after so many claims', async (t) => {
  const retryMs = withBackoff(POLICY)
  t.ok(Number(retryMs({ id: '1', claims: 4 })) >= 8000)
  t.equal(retryMs({ id: '1', claims: 5 }), null)
})
