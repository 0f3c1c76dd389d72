import t from 'tap'
import { withTimeout } from '../../../lib/startup/timeout.ts'

t.test('settles as the promise does when that is in time', async (t) => {
  t.equal(await withTimeout(60_000, Promise.resolve(7)), 7)
  await t.rejects(withTimeout(60_000, Promise.reject(new Error('no'))), { message: 'no' })
})

t.test('rejects after the timeout, and ignores how the promise settles then', async (t) => {
  const late = Promise.withResolvers<void>()
  await t.rejects(withTimeout(1, late.promise), { message: 'No response after 1 ms' })
  late.reject(new Error('too late'))
  await new Promise(setImmediate)
})
