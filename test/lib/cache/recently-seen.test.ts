import t, { type Test } from 'tap'
import { Lately } from '../../../lib/cache/recently-seen.ts'

/** A clock that stands still until it is moved. */
function clock(t: Test) {
  const clock = { now: 1000 }
  t.intercept(performance, 'now', { value: () => clock.now })
  return clock
}

t.test('a value is seen from the second time on', (t) => {
  clock(t)
  const lately = new Lately<number>({ forMs: 100, most: 10 })
  t.strictSame([lately.seen(1), lately.seen(1), lately.seen(2)], [false, true, false])
  t.end()
})

t.test('it is remembered for its time, and forgotten after twice that', (t) => {
  const time = clock(t)
  const lately = new Lately<number>({ forMs: 100, most: 10 })
  lately.seen(1)
  time.now += 100
  t.equal(lately.seen(1), true)
  time.now += 200
  t.equal(lately.seen(1), false)
  t.end()
})

t.test('of many values the oldest are forgotten', (t) => {
  clock(t)
  const lately = new Lately<number>({ forMs: 100, most: 2 })
  for (const value of [1, 2, 3, 4, 5]) lately.seen(value)
  t.strictSame([lately.seen(5), lately.seen(4), lately.seen(1)], [true, true, false])
  t.end()
})
