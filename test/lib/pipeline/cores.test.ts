import { mock } from 'node:test'
import t from 'tap'
import { Cores } from '../../../lib/pipeline/cores.ts'

t.test('images that compute for longer than a second do not keep a small one waiting', async (t) => {
  const cores = new Cores(2, () => performance.now())
  const { promise: never } = Promise.withResolvers<void>()
  const compute = (begun: () => void) => {
    begun()
    return never
  }
  for (let heavy = 0; heavy < 2; heavy++) void cores.run(1, compute)
  const started = performance.now()
  t.equal(cores.queued, 0)
  t.equal(await cores.run(1, async () => 'small'), 'small')
  t.ok(performance.now() - started > 900, 'until then both cores are taken')
  t.equal(cores.idleMs < 100, true, 'and none is idle')
  t.equal(await cores.run(1, async () => 'next'), 'next')
})

t.test('the start of a decoder is not counted as time of the image that waits for it', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const cores = new Cores(1, () => performance.now())
  const started = Promise.withResolvers<() => void>()
  void cores.run(1, (begun) => {
    started.resolve(begun)
    return new Promise(() => undefined)
  })
  const next = cores.run(1, async () => 'next')
  const begun = await started.promise
  mock.timers.tick(30_000)
  t.equal(cores.queued, 1)
  begun()
  mock.timers.tick(1000)
  t.equal(await next, 'next')
})

t.test('the next core goes to the user with the fewest', async (t) => {
  const cores = new Cores(2, () => performance.now())
  const ended: string[] = []
  const compute = (userId: number, name: string) => cores.run(userId, async () => void ended.push(name))
  await Promise.all([
    ...Array.from({ length: 10 }, (_, index) => compute(1, `greedy ${index}`)),
    compute(2, 'modest')
  ])
  t.same(ended.slice(0, 4), ['greedy 0', 'greedy 1', 'modest', 'greedy 2'])
})

t.test('work that fails, at once or later, frees its core', async (t) => {
  const cores = new Cores(1, () => performance.now())
  await t.rejects(
    cores.run(1, () => {
      throw new Error('at once')
    }),
    { message: 'at once' }
  )
  await t.rejects(
    cores.run(1, () => Promise.reject(new Error('later'))),
    { message: 'later' }
  )
  t.equal(await cores.run(1, async () => 'free'), 'free')
})
