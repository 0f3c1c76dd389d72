import t from 'tap'
import { atOnce, Deferred } from '../../../lib/startup/lazy.ts'

t.test('what is made at once is made once, and its mistakes are heard of', async (t) => {
  let made = 0
  const get = atOnce(() => ++made)
  t.equal(made, 1)
  t.strictSame([get(), get(), made], [1, 1, 1])
  t.throws(() => atOnce(() => JSON.parse('{')), SyntaxError)
})

t.test('what is deferred is made when it is first asked for', async (t) => {
  const { later } = new Deferred()
  let made = 0
  const get = later(() => ++made)
  t.equal(made, 0)
  t.strictSame([get(), get(), made], [1, 1, 1])
})

t.test('what nobody has asked for is made in the end, one by one and with others in between', async (t) => {
  const deferred = new Deferred()
  const steps: string[] = []
  const first = deferred.later(() => steps.push('first'))
  deferred.later(() => steps.push('second'))
  deferred.later(() => steps.push('third'))
  first()
  setImmediate(() => steps.push('somebody else'))
  await deferred.finish()
  t.strictSame(steps, ['first', 'second', 'somebody else', 'third'])
})

t.test('a mistake in what was deferred is heard of in the end', async (t) => {
  const deferred = new Deferred()
  deferred.later(() => JSON.parse('{'))
  await t.rejects(deferred.finish(), SyntaxError)
})
