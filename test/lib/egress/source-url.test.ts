import t from 'tap'
import { type AddressPolicy, parseNetworks } from '../../../lib/egress/address-policy.ts'
import { checkSourceUrl } from '../../../lib/egress/source-url.ts'
import { HARMLESS_URLS, HOSTILE_URLS, INSIDE, PASTED_URLS, REFUSED_URLS } from './hostile-urls.ts'

const PUBLIC_ONLY: AddressPolicy = { networks: [], ports: [80, 443] }
const WITH_LOOPBACK: AddressPolicy = { networks: parseNetworks('127.0.0.0/8'), ports: [80, 443] }

t.test('hostile URLs are refused, each for its own reason', async (t) => {
  for (const { url, problem } of HOSTILE_URLS) t.same(checkSourceUrl(url, PUBLIC_ONLY), { problem }, url)
})

t.test('harmless URLs are let through', async (t) => {
  for (const url of HARMLESS_URLS) t.ok('url' in checkSourceUrl(url, PUBLIC_ONLY), url)
})

t.test('blanks around a URL are dropped, spaces within are encoded', async (t) => {
  for (const [pasted, url] of PASTED_URLS) t.same(checkSourceUrl(pasted, PUBLIC_ONLY), { url }, pasted)
})

t.test('an allowed network may be reached by address or as localhost, on every port', async (t) => {
  for (const host of [
    '127.0.0.1',
    '127.9.9.9:9000',
    '0x7f.1:22',
    '[::ffff:127.0.0.1]:22',
    'localhost:9000'
  ]) {
    t.ok('url' in checkSourceUrl(`http://${host}/`, WITH_LOOPBACK), host)
  }
})

t.test('an allowed network opens no other', async (t) => {
  for (const host of ['[::1]', '10.0.0.1', '169.254.169.254', '[64:ff9b::127.0.0.1]', '[::127.0.0.1]']) {
    t.same(checkSourceUrl(`http://${host}/`, WITH_LOOPBACK), { problem: INSIDE }, host)
  }
  const elsewhere: AddressPolicy = { networks: parseNetworks('10.0.0.0/8'), ports: [80, 443] }
  t.same(checkSourceUrl('http://localhost/', elsewhere), { problem: INSIDE })
})

t.test('with a network allowed, a name may lead into it, so its address decides', async (t) => {
  for (const host of ['minio:9000', 'images.internal', 'example.com:8080']) {
    t.ok('url' in checkSourceUrl(`http://${host}/`, WITH_LOOPBACK), host)
  }
})

t.test(
  'with a network allowed, public addresses keep to the ports and malformed URLs stay refused',
  async (t) => {
    t.same(checkSourceUrl('http://8.8.8.8:8080/', WITH_LOOPBACK), { problem: 'must use port 80 or 443' })
    for (const problem of ['must be a valid URL', 'must not contain a user name or password']) {
      for (const url of REFUSED_URLS[problem] ?? [])
        t.same(checkSourceUrl(url, WITH_LOOPBACK), { problem }, url)
    }
  }
)

t.test('the sentence names the ports that are allowed', async (t) => {
  t.same(checkSourceUrl('http://8.8.8.8/', { networks: [], ports: [443] }), { problem: 'must use port 443' })
  t.ok('url' in checkSourceUrl('https://8.8.8.8:8443/', { networks: [], ports: [443, 8443] }))
})
