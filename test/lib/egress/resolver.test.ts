import t from 'tap'
import { createResolver } from '../../../lib/egress/resolver.ts'
import { startNameServer } from '../../support/http/name-server.ts'

t.test('a name has the addresses of both families', async (t) => {
  const server = await startNameServer(t, { 'cdn.test': () => ['192.0.2.1', '192.0.2.2', '2001:db8::1'] })
  const resolve = createResolver([server.address])
  t.same(await resolve('cdn.test'), ['192.0.2.1', '192.0.2.2', '2001:db8::1'])
  t.same(server.questions.toSorted(), ['A cdn.test', 'AAAA cdn.test'])
})

t.test('one family is enough', async (t) => {
  const server = await startNameServer(t, {
    'v4.test': () => ['192.0.2.1'],
    'v6.test': () => ['2001:db8::1']
  })
  const resolve = createResolver([server.address])
  t.same(await resolve('v4.test'), ['192.0.2.1'])
  t.same(await resolve('v6.test'), ['2001:db8::1'])
})

t.test('aliases are followed', async (t) => {
  const server = await startNameServer(t, {
    'a.test': () => ['b.test'],
    'b.test': () => ['c.test'],
    'c.test': () => ['192.0.2.1']
  })
  t.same(await createResolver([server.address])('a.test'), ['192.0.2.1'])
})

t.test('every call asks anew', async (t) => {
  const replies = [['192.0.2.1'], ['192.0.2.1'], ['192.0.2.2'], ['192.0.2.2']]
  const server = await startNameServer(t, { 'moving.test': () => replies.shift() ?? [] })
  const resolve = createResolver([server.address])
  t.same(await resolve('moving.test'), ['192.0.2.1'])
  t.same(await resolve('moving.test'), ['192.0.2.2'])
})

t.test('a name without an address rejects with what the DNS says', async (t) => {
  const server = await startNameServer(t, { 'empty.test': () => [] })
  const resolve = createResolver([server.address])
  await t.rejects(resolve('nowhere.test'), { code: 'ENOTFOUND' })
  await t.rejects(resolve('empty.test'), { code: 'ENODATA' })
})

t.test('a name in the hosts file is not asked for', async (t) => {
  const server = await startNameServer(t, {})
  const resolve = createResolver([server.address])
  t.ok((await resolve('LOCALHOST.')).includes('127.0.0.1'))
  t.same(server.questions, [])
})
