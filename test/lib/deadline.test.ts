import { once } from 'node:events'
import t from 'tap'
import { Deadline } from '../../lib/deadline.ts'

t.test('a deadline aborts its signal when the time is over', async (t) => {
  using deadline = new Deadline(1)
  t.equal(deadline.hasPassed, false)
  t.equal(await passes(deadline), true)
  t.match(deadline.signal.reason, { name: 'TimeoutError', message: '1 ms are over' })
})

t.test('what was done in time is not aborted later', async (t) => {
  const done = new Deadline(1)
  done[Symbol.dispose]()
  t.equal(await passes(new Deadline(2)), true)
  t.equal(done.hasPassed, false)
})

t.test('a deadline does not keep the process', async (t) => {
  const before = process.getActiveResourcesInfo().length
  using deadline = new Deadline(60_000)
  t.equal(process.getActiveResourcesInfo().length, before)
  t.equal(deadline.signal.aborted, false)
})

/** Keeps the process meanwhile. */
async function passes(deadline: Deadline): Promise<boolean> {
  const kept = setInterval(() => undefined, 1000)
  await once(deadline.signal, 'abort')
  clearInterval(kept)
  return deadline.hasPassed
}
