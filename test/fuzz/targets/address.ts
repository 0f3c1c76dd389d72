import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { isPublic } from '../../../lib/egress/address-policy.ts'

/** The ranges that are not public, as another implementation checks them. */
const inside4 = blockList('ipv4', [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['168.63.129.16/32', '224.0.0.0/3']
])
const inside6 = blockList('ipv6', [
  ...['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']
])
/** IPv4-mapped addresses, and those of NAT64. */
const embedding = blockList('ipv6', ['::ffff:0:0/96', '64:ff9b::/96'])

export const dictionary = [
  ...[
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '8.8.8.8',
    '::1',
    '::ffff:',
    '::ffff:0:',
    '64:ff9b::',
    '2002:'
  ],
  ...[
    '2001:',
    '2001:db8:',
    '5efe:',
    'fe80::',
    '%eth0',
    '::',
    ':',
    '.',
    '0x7f',
    '0177',
    '[',
    ']',
    '/32',
    'ffff'
  ]
]

/** Whatever the spelling, a public address is an IP address and in no special range. */
export function fuzz(input: Buffer): void {
  const text = textOf(input)
  if (!isPublic(text)) return
  const family = isIP(text)
  assert.notEqual(family, 0, text)
  if (family === 4) assert.ok(!inside4.check(text), text)
  else
    assert.ok(
      embedding.check(text, 'ipv6') ? !inside4.check(text, 'ipv6') : !inside6.check(text, 'ipv6'),
      text
    )
}

/** Four and sixteen bytes are addresses themselves, anything else is text. */
function textOf(input: Buffer): string {
  if (input.length === 4) return input.join('.')
  if (input.length === 16) return input.toString('hex').match(/.{4}/g)?.join(':') ?? ''
  return input.toString('latin1')
}

function blockList(family: 'ipv4' | 'ipv6', cidrs: string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [network = '', bits] = cidr.split('/')
    list.addSubnet(network, Number(bits), family)
  }
  return list
}
