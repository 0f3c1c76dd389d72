import t from 'tap'
import { Crowd, createLimiter, settled } from '../../support/crowd.ts'

t.test('cores that are idle get more images to work on', async (t) => {
  const { limiter, pass } = createLimiter({ compress: 2, inFlight: 32 })
  const crowd = new Crowd(limiter, 100, (index) => `shop${index}.test`)
  await settled()
  t.equal(crowd.running, 4, 'two a core at first')
  await pass(250)
  t.equal(crowd.running, 8)
  await pass(500)
  t.equal(crowd.running, 32)
  await pass(10_000)
  t.equal(crowd.running, 32)
  t.equal(crowd.snoozed, 0, 'no other image could begin either')
})

t.test('images that wait for cores become fewer, down to two a core', async (t) => {
  const { limiter, pass } = createLimiter({ compress: 1, inFlight: 8 })
  const core = Promise.withResolvers<void>()
  const first = new Crowd(limiter, 20, (index) => `shop${index}.test`)
  await pass(1000)
  t.equal(first.running, 8)
  const computing = Array.from({ length: 9 }, () => limiter.compute(1, () => core.promise))
  await first.end()
  t.equal(first.running, 2)
  core.resolve()
  await Promise.all(computing)
})

t.test('an event loop that is saturated gets two images a core, and more when it is not', async (t) => {
  let utilization = 0
  const { limiter, pass } = createLimiter({ compress: 2, inFlight: 32, loop: () => utilization })
  const crowd = new Crowd(limiter, 100, (index) => `shop${index}.test`)
  await pass(1000)
  t.equal(crowd.running, 32)
  utilization = 0.95
  await pass(1000)
  await crowd.end()
  t.equal(crowd.running, 4)
  utilization = 0.8
  await pass(1000)
  t.equal(crowd.running, 4)
  utilization = 0.5
  await pass(1000)
  t.equal(crowd.running, 32)
})

t.test('no more images are computed at once than there are cores', async (t) => {
  const { limiter } = createLimiter({ compress: 2 })
  let running = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++running)
    await settled()
    running--
  }
  await Promise.all(Array.from({ length: 10 }, () => limiter.compute(1, work)))
  t.equal(most, 2)
})
