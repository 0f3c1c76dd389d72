import { once } from 'node:events'
import t from 'tap'
import { TaskGroup } from '../../../lib/outbox/task-group.ts'

const HOUR = 3_600_000

t.test('a job’s result is its own', async (t) => {
  const jobs = new TaskGroup()
  const go = Promise.withResolvers<number>()
  const result = jobs.run(() => go.promise)
  go.resolve(7)
  t.equal(await result, 7)
})

t.test('a job that fails fails its caller only', async (t) => {
  const jobs = new TaskGroup()
  await t.rejects(
    jobs.run(() => Promise.reject(new Error('no'))),
    { message: 'no' }
  )
  await jobs.drain(HOUR)
})

t.test('a drain waits for every job, those that start meanwhile included', async (t) => {
  const jobs = new TaskGroup()
  const ended: string[] = []
  const first = Promise.withResolvers<void>()
  void jobs.run(async () => {
    await first.promise
    void jobs.run(async () => {
      await new Promise(setImmediate)
      ended.push('second')
    })
    ended.push('first')
  })
  const drained = jobs.drain(HOUR)
  first.resolve()
  await drained
  t.same(ended, ['first', 'second'])
})

t.test('after the grace jobs are aborted, and waited for', async (t) => {
  const jobs = new TaskGroup()
  const reasons: unknown[] = []
  const untilAborted = async (signal: AbortSignal) => {
    await once(signal, 'abort')
    await new Promise(setImmediate)
    reasons.push(signal.reason)
  }
  void jobs.run(untilAborted)
  void jobs.run(untilAborted)
  await jobs.drain(0)
  t.match(reasons, [{ message: 'the service is stopping' }, { message: 'the service is stopping' }])
})

t.test('a drain of nothing is over at once', (t) => t.resolves(new TaskGroup().drain(HOUR)))
