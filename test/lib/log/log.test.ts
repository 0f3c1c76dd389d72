import t from 'tap'
import { reasonOf } from '../../../lib/log/log.ts'

t.test('everything that can be thrown has a reason', async (t) => {
  t.equal(reasonOf(new Error('gone')), 'gone')
  t.equal(reasonOf(new TypeError()), 'TypeError')
  t.equal(reasonOf('a string'), 'a string')
  t.equal(reasonOf(undefined), 'undefined')
})
