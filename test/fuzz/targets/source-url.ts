import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { isPublic } from '../../../lib/egress/address-policy.ts'
import { checkSourceUrl } from '../../../lib/egress/source-url.ts'

const POLICY = { networks: [], ports: [80, 443] }

export const dictionary = [
  ...[
    'http://',
    'https://',
    '//',
    '/',
    '\\',
    '@',
    ':',
    '?',
    '#',
    '%',
    '%2e',
    '[',
    ']',
    '.',
    ' ',
    '\t',
    '\u0000'
  ],
  ...[
    'localhost',
    'metadata',
    '.internal',
    '.local',
    'example.com',
    '127.0.0.1',
    '0x7f.1',
    '0177.1',
    '2130706433'
  ],
  ...[
    '①②⑦。⓪',
    '::1',
    '::ffff:127.0.0.1',
    'fe80::1%eth0',
    '169.254.169.254',
    ':80',
    ':443',
    ':6379',
    'xn--',
    'é'
  ]
]

/** An accepted URL has a public host and a permitted port, as `new URL` reads it. */
export function fuzz(input: Buffer): void {
  const text = input.toString()
  const result = checkSourceUrl(text, POLICY)
  if ('problem' in result) {
    assert.match(result.problem, /^must /)
    return
  }
  assert.deepEqual(checkSourceUrl(result.url, POLICY), result)
  const { protocol, hostname, port, username, password } = new URL(result.url)
  assert.match(protocol, /^https?:$/)
  assert.equal(username + password, '')
  assert.ok(['', '80', '443'].includes(port), port)
  const host = hostname.replace(/^\[|\]$/g, '')
  assert.ok(isIP(host) ? isPublic(host) : host.includes('.'), host)
  assert.doesNotMatch(host, /(^|\.)localhost\.?$/)
}
