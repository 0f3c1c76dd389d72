import t from 'tap'
import { HostBusy, HostLimiter } from '../../../lib/pipeline/host-limiter.ts'

/** A job that runs until it is told to end. */
function job() {
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  const run = () => {
    started.resolve()
    return ended.promise
  }
  return { run, started: started.promise, end: ended.resolve }
}

t.test('one host has so many jobs at once as its lane is wide, whatever others do', async (t) => {
  const lanes = new HostLimiter({ width: 2, maxWaitMs: 60_000, hasRoom: () => true })
  const [a1, a2, a3, b1] = [job(), job(), job(), job()]
  const order: string[] = []
  const work = [
    lanes.run('a', a1.run),
    lanes.run('a', a2.run),
    lanes.run('a', () => {
      order.push('a3')
      return a3.run()
    }),
    lanes.run('b', b1.run)
  ]
  await Promise.all([a1.started, a2.started, b1.started])
  order.push('a1 ends')
  a1.end('a1')
  await a3.started
  for (const { end } of [a2, a3, b1]) end('done')
  t.strictSame(await Promise.all(work), ['a1', 'done', 'done', 'done'])
  t.strictSame(order, ['a1 ends', 'a3'])
})

t.test('who waits too long for a slow host makes room for others', async (t) => {
  const lanes = new HostLimiter({ width: 1, maxWaitMs: 1, hasRoom: () => true })
  const slow = job()
  const first = lanes.run('slow', slow.run)
  await t.rejects(
    lanes.run('slow', async () => t.fail('it was turned away')),
    new HostBusy()
  )
  slow.end('done')
  t.equal(await first, 'done')
})

t.test('nobody is turned away while others could do nothing either', async (t) => {
  const asked = Promise.withResolvers<void>()
  let room = false
  let questions = 0
  const hasRoom = () => {
    if (++questions === 3) asked.resolve()
    return room
  }
  const lanes = new HostLimiter({ width: 1, maxWaitMs: 1, hasRoom })
  const first = job()
  const work = [lanes.run('a', first.run), lanes.run('a', async () => 'second')]
  const late = lanes.run('a', async () => 'third')
  await asked.promise
  first.end('first')
  t.strictSame(await Promise.all([...work, late]), ['first', 'second', 'third'])

  const busy = job()
  const again = lanes.run('a', busy.run)
  room = true
  await t.rejects(
    lanes.run('a', async () => 'turned away'),
    new HostBusy()
  )
  busy.end('done')
  t.equal(await again, 'done')
})

t.test('the error of a job is its own', async (t) => {
  const lanes = new HostLimiter({ width: 1, maxWaitMs: 60_000, hasRoom: () => true })
  await t.rejects(
    lanes.run('a', () => Promise.reject(new Error('no such image'))),
    new Error('no such image')
  )
  t.equal(await lanes.run('a', async () => 'next'), 'next')
})
