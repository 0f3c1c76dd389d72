import { setImmediate as settled } from 'node:timers/promises'
import t from 'tap'
import { Turns } from '../../../lib/pipeline/turns.ts'

t.test('a turn goes to the user with the fewest, and ends once', async (t) => {
  const turns = new Turns(2)
  const order: string[] = []
  const take = async (userId: number, name: string) => {
    const end = await turns.take(userId)
    order.push(name)
    return end
  }
  const [first, second] = [take(1, 'first'), take(1, 'second')]
  const rest = [take(1, 'third'), take(2, 'modest')]
  const endFirst = await first
  await second
  t.equal(turns.queued, 2)
  endFirst()
  endFirst()
  await settled()
  t.same(order, ['first', 'second', 'modest'])
  const endSecond = await second
  endSecond()
  await Promise.all(rest)
  t.same(order, ['first', 'second', 'modest', 'third'])
  t.equal(turns.queued, 0)
})
