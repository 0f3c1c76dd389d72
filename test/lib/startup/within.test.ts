import t from 'tap'
import { within } from '../../../lib/startup/within.ts'

t.test('what ends in time ends as it does', async (t) => {
  t.equal(await within(60_000, Promise.resolve(7)), 7)
  await t.rejects(within(60_000, Promise.reject(new Error('no'))), { message: 'no' })
})

t.test('what takes longer is an error, and its own later one is nobody’s', async (t) => {
  const late = Promise.withResolvers<void>()
  await t.rejects(within(1, late.promise), { message: 'No answer within 1 ms' })
  late.reject(new Error('too late'))
  await new Promise(setImmediate)
})
