import t from 'tap'
import { isPermitted, isPublic, parseNetworks, parsePorts } from '../../../lib/egress/address-policy.ts'

t.test('public addresses are public, in every spelling a socket may give', async (t) => {
  for (const address of [
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '168.63.129.15',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.0',
    '198.20.0.0',
    '223.255.255.255',
    '::ffff:8.8.8.8',
    '::ffff:808:808',
    '64:ff9b::8.8.8.8',
    '64:ff9b::808:808',
    '2001:200::1',
    '2001:4860:4860::8888',
    '2606:4700:4700::1111',
    '2a00:1450:4001:81b::200e',
    '2606:4700::1:5efe:808:808'
  ]) {
    t.equal(isPublic(address), true, address)
  }
})

t.test('addresses as only a socket or a name server spells them are not public', async (t) => {
  for (const address of [
    '::127.0.0.1',
    '::8.8.8.8',
    '0:0:0:0:0:0:127.0.0.1',
    'fe80::1%eth0',
    'fe80::1%1',
    '2606:4700:4700::1111%eth0',
    '::ffff:127.0.0.1%lo',
    '::ffff:10.0.0.1'
  ]) {
    t.equal(isPublic(address), false, address)
  }
})

t.test('a text that is no address is not public', async (t) => {
  for (const text of [
    '',
    'localhost',
    'example.com',
    '8.8.8',
    '0x08.8.8.8',
    '010.8.8.8',
    '8.8.8.8/32',
    '[::1]',
    ' 8.8.8.8'
  ]) {
    t.equal(isPublic(text), false, JSON.stringify(text))
  }
})

t.test('a public address is permitted on the listed ports only', async (t) => {
  const policy = { networks: [], ports: [80, 443] }
  t.equal(isPermitted('8.8.8.8', 443, policy), true)
  t.equal(isPermitted('8.8.8.8', 8080, policy), false)
  t.equal(isPermitted('10.0.0.1', 443, policy), false)
})

t.test(
  'an allowed network is permitted on every port, also as IPv4-mapped IPv6, and nothing beside it',
  async (t) => {
    const policy = {
      networks: parseNetworks('127.0.1.0/24, 10.0.0.7/32, fd00:1::/32, 2001:db8::/32'),
      ports: [80]
    }
    for (const address of [
      '127.0.1.0',
      '127.0.1.255',
      '::ffff:127.0.1.1',
      '::ffff:7f00:101',
      '10.0.0.7',
      'fd00:1::1',
      '2001:db8:ffff::1'
    ]) {
      t.equal(isPermitted(address, 9999, policy), true, address)
    }
    for (const address of [
      '127.0.0.1',
      '127.0.2.0',
      '::127.0.1.1',
      '64:ff9b::127.0.1.1',
      '2002:7f00:101::',
      '10.0.0.8',
      '::1',
      'fd00:2::1',
      'fd00:1::1%eth0'
    ]) {
      t.equal(isPermitted(address, 80, policy), false, address)
    }
  }
)

t.test('an empty list allows no network', async (t) => {
  t.same(parseNetworks(''), [])
  t.same(parseNetworks(' , '), [])
})

t.test('a CIDR that is none is named', async (t) => {
  for (const cidr of [
    '10.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '/8',
    '10/8',
    '010.0.0.0/8',
    '0x0a.0.0.0/8',
    '10.0.0.0/8/8',
    'fd00::/129',
    'fe80::1%eth0/64',
    '::ffff:10.0.0.0/104',
    'localhost/8',
    '10.0.0.0/8 192.168.0.0/16'
  ]) {
    t.throws(
      () => parseNetworks(`127.0.0.0/8,${cidr}`),
      new Error(
        `"${cidr}" is not a network: write it as a CIDR such as 10.1.0.0/16, 192.0.2.7/32 or fd00::/8`
      ),
      cidr
    )
  }
})

t.test('ports are read from a list, and one that is none is named', async (t) => {
  t.same(parsePorts('80, 443,8080'), [80, 443, 8080])
  for (const port of ['0', '65536', '-1', '0x50', '1e3', '80.5', 'http']) {
    t.throws(
      () => parsePorts(`80,${port}`),
      new Error(`"${port}" is not a port: write a number from 1 to 65535`),
      port
    )
  }
})
