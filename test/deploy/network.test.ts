import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import t from 'tap'
import { isPublic } from '../../lib/egress/address-policy.ts'
import { objects } from './files.ts'

interface IpBlock {
  cidr: string
  except?: string[]
}

/** An address of each range that IANA lists as special and that does not belong to a network interface. */
const SPECIAL = [
  ...['0.0.0.1', '10.0.0.1', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '192.168.0.1'],
  ...['192.0.0.8', '192.0.2.1', '192.31.196.1', '192.52.193.1', '192.88.99.1', '192.175.48.1'],
  ...['198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ...['168.63.129.16', '::1', '::127.0.0.1', '64:ff9b:1::1', '100::1', '5f00::1', 'fc00::1', 'fe80::1'],
  ...['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2', '2002:7f00:1::', '2002:a9fe:a9fe::1'],
  ...['2001:2::1', '2001:3::1', '2001:4:112::1', '2001:10::1', '2001:20::1', '2001:30::1', '2001:1ff::1'],
  ...['2001:db8::1', '2620:4f:8000::1', '3fff::1', 'ff02::1']
]

const policy = objects('network.yaml').find(({ metadata }) => metadata.name === 'public-internet')
const blocks: IpBlock[] = policy.spec.egress.flatMap(({ to }: { to: { ipBlock: IpBlock }[] }) =>
  to.map(({ ipBlock }) => ipBlock)
)

/** True if a network plugin that enforces the policy lets a worker connect. */
function isOpen(address: string): boolean {
  return blocks.some(
    ({ cidr, except = [] }) => isIn(address, cidr) && !except.some((range) => isIn(address, range))
  )
}

function isIn(text: string, cidr: string): boolean {
  const [address, [network, bits]] = [ipaddr.parse(text), ipaddr.parseCIDR(cidr)]
  return address.kind() === network.kind() && address.match(network, bits)
}

t.test('no special address is open to a worker', async (t) => {
  for (const address of SPECIAL) t.strictSame([isOpen(address), isPublic(address)], [false, false], address)
})

t.test('the network opens what the service permits, and nothing else', async (t) => {
  const address = fc.oneof(
    fc.ipV4(),
    fc
      .ipV6()
      .map((text) => `2${text.slice(1)}`)
      .filter(ipaddr.isValid)
  )
  fc.assert(
    fc.property(address, (address) => isOpen(address) === isPublic(address)),
    { numRuns: 5000 }
  )
  for (const address of ['1.1.1.1', '2606:4700:4700::1111', '2a00:1450:4001:81b::200e'])
    t.equal(isOpen(address), true, address)
})
