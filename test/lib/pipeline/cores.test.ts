import t from 'tap'
import { Cores } from '../../../lib/pipeline/cores.ts'

t.test('images that compute for longer than a second do not keep a small one waiting', async (t) => {
  const cores = new Cores(2, () => performance.now())
  const { promise: never } = Promise.withResolvers<void>()
  for (let heavy = 0; heavy < 2; heavy++) void cores.run(() => never)
  const started = performance.now()
  t.equal(cores.queued, 0)
  t.equal(await cores.run(async () => 'small'), 'small')
  t.ok(performance.now() - started > 900, 'until then both cores are taken')
  t.equal(cores.idleMs < 100, true, 'and none is idle')
  t.equal(await cores.run(async () => 'next'), 'next')
})

t.test('what fails, at once or later, frees its core', async (t) => {
  const cores = new Cores(1, () => performance.now())
  await t.rejects(
    cores.run(() => {
      throw new Error('at once')
    }),
    { message: 'at once' }
  )
  await t.rejects(
    cores.run(() => Promise.reject(new Error('later'))),
    { message: 'later' }
  )
  t.equal(await cores.run(async () => 'free'), 'free')
})
