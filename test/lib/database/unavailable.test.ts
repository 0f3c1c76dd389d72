import t from 'tap'
import { isUnavailable } from '../../../lib/database/unavailable.ts'

const coded = (code: string) => Object.assign(new Error('A query was rejected'), { code })

t.test('a database that is away, busy or not the one to write to is unavailable', async (t) => {
  for (const code of ['08006', '53300', '57P01', '57P03', '57014', '40001', '40P01', '25006', 'ECONNREFUSED'])
    t.equal(isUnavailable(coded(code)), true, code)
  for (const message of [
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Query read timeout'
  ])
    t.equal(isUnavailable(new Error(message)), true, message)
  t.equal(isUnavailable(new AggregateError([coded('ECONNREFUSED')])), true)
})

t.test('a query that is wrong stays an error', async (t) => {
  for (const code of ['23503', '22P02', '42P01', '42601', '25P02', 'ERR_INVALID_ARG_TYPE'])
    t.equal(isUnavailable(coded(code)), false, code)
  for (const stranger of [new Error('Something else'), new AggregateError([]), 'timeout expired', undefined])
    t.equal(isUnavailable(stranger), false)
})
