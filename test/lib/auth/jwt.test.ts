import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import t, { type Test } from 'tap'
import { type TokenOptions, tokenVerifier } from '../../../lib/auth/jwt.ts'

const secret = 'a secret of thirty-two characters'
const bytes = (text: string) => new TextEncoder().encode(text)

const signed = (payload: JWTPayload, by = secret, alg = 'HS256') =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(bytes(by))

/** jose refuses to sign some of what others sign. */
function signedJson(payload: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const body = `${encode({ alg: 'HS256' })}.${encode(payload)}`
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`
}

const bySecret = (expected: Partial<TokenOptions> = {}) =>
  tokenVerifier({ trust: { secret }, issuer: undefined, audience: undefined, ...expected })

t.test('sub is the user, and the scope admin acts for all users', async (t) => {
  const verify = bySecret()
  t.match(await verify(await signed({ sub: '7' })), { name: 'user:7', userId: 7 })
  t.match(await verify(await signed({ sub: '7', scope: 'read' })), { userId: 7 })
  t.match(await verify(await signed({ sub: '7', scope: 'not-admin' })), { userId: 7 })
  t.match(await verify(await signed({ sub: '9', scope: 'read admin' })), {
    name: 'admin:9',
    userId: undefined
  })
  t.match(await verify(await signed({ scope: ['admin'] })), { userId: undefined })
})

t.test(
  'the scope admin:read acts for all users, but changes nothing, unless the token has admin, too',
  async (t) => {
    const verify = bySecret()
    const caller = (scope: string) => signed({ sub: '9', scope }).then(verify)
    t.match(await caller('admin:read'), { name: 'admin:9', userId: undefined, isReadOnly: true })
    t.match(await caller('admin:read admin'), { userId: undefined, isReadOnly: false })
  }
)

t.test('a token without a user is refused', async (t) => {
  const verify = bySecret()
  for (const sub of [undefined, '', '0', '-1', '07', '1e3', '7.5', '2147483648', 'ada', '7 ']) {
    const refusal = await verify(await signed(sub === undefined ? {} : { sub }))
    t.match(refusal, {
      code: 'unauthorized',
      message: 'The sub of the token must be a user id: a string of digits.'
    })
  }
})

t.test('a sub that is not a string of digits is refused, with or without the scope admin', async (t) => {
  const verify = bySecret()
  for (const sub of [7, ['1'], { id: 1 }, { toString: 1 }, true, null, 'ops', 'a\0b', '\ud800']) {
    for (const scope of ['', 'admin'])
      t.match(await verify(await signedJson({ sub, scope })), { code: 'unauthorized' }, JSON.stringify(sub))
  }
})

t.test('a token with another signature, or for another time, is refused', async (t) => {
  const verify = bySecret()
  const past = Math.floor(Date.now() / 1000) - 60
  t.match(await verify(await signed({ sub: '7', exp: past })), {
    code: 'unauthorized',
    message: 'The token has expired.'
  })
  const good = await signed({ sub: '7' })
  const [head = '', body = '', signature = ''] = good.split('.')
  const other = Buffer.from('{"sub":"8"}').toString('base64url')
  const bad = {
    'another secret': await signed({ sub: '7' }, 'another secret of the same length'),
    'not yet': await signed({ sub: '7', nbf: past + 3600 }),
    'no algorithm': new UnsecuredJWT({ sub: '7' }).encode(),
    'another body': [head, other, signature].join('.'),
    'no signature': `${head}.${body}.`,
    'no token': 'abc',
    nothing: '',
    much: 'a.'.repeat(5000)
  }
  for (const [what, token] of Object.entries(bad)) {
    t.match(await verify(token), { code: 'unauthorized', message: 'The token is not valid.' }, what)
  }
})

t.test('issuer and audience must be the expected ones', async (t) => {
  const verify = bySecret({ issuer: 'https://id.example', audience: 'asyncprod' })
  const [iss, aud] = ['https://id.example', 'asyncprod']
  t.match(await verify(await signed({ sub: '7', iss, aud })), { userId: 7 })
  t.match(await verify(await signed({ sub: '7', iss, aud: ['other', aud] })), { userId: 7 })
  for (const wrong of [{ iss: `${iss}.evil`, aud }, { iss, aud: 'other' }, { aud }, { iss }]) {
    t.match(await verify(await signed({ sub: '7', ...wrong })), { code: 'unauthorized' })
  }
})

t.test('a published key verifies what its owner has signed, and nothing else', async (t) => {
  const jwks = await publish(t)
  const verify = tokenVerifier({ trust: { jwksUrl: jwks.url }, issuer: undefined, audience: undefined })
  const token = (alg: string, kid: string, key: Parameters<SignJWT['sign']>[0]) =>
    new SignJWT({ sub: '7' }).setProtectedHeader({ alg, kid }).sign(key)

  t.match(await verify(await token('ES256', 'current', jwks.privateKey)), { userId: 7 })
  const stranger = await generateKeyPair('ES256')
  t.match(await verify(await token('ES256', 'current', stranger.privateKey)), { code: 'unauthorized' })
  // The published key is public: as a shared secret it would admit everyone.
  const spki = bytes(await exportSPKI(jwks.publicKey))
  t.match(await verify(await token('HS256', 'current', spki)), { code: 'unauthorized' })
})

t.test('unknown key ids do not make the service fetch the keys again and again', async (t) => {
  const jwks = await publish(t)
  const verify = tokenVerifier({ trust: { jwksUrl: jwks.url }, issuer: undefined, audience: undefined })
  for (let kid = 0; kid < 20; kid++) {
    const token = await new SignJWT({ sub: '7' })
      .setProtectedHeader({ alg: 'ES256', kid: `${kid}` })
      .sign(jwks.privateKey)
    t.match(await verify(token), { code: 'unauthorized' })
  }
  t.equal(jwks.asked(), 1)
})

t.test('keys that cannot be fetched are not the client’s fault', async (t) => {
  const jwks = await publish(t)
  const token = await new SignJWT({ sub: '7' })
    .setProtectedHeader({ alg: 'ES256', kid: 'current' })
    .sign(jwks.privateKey)
  for (const jwksUrl of [`${jwks.url}/missing`, `${jwks.url}/broken`, 'http://127.0.0.1:1/']) {
    const verify = tokenVerifier({ trust: { jwksUrl }, issuer: undefined, audience: undefined })
    t.match(await verify(token), { code: 'unavailable' })
  }
})

async function publish(t: Test) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'current', alg: 'ES256' }] })
  let asked = 0
  const server = createServer((request, response) => {
    asked++
    if (request.url?.endsWith('missing')) response.writeHead(404)
    response.end(request.url?.endsWith('broken') ? '{"keys":' : keys)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return { publicKey, privateKey, url: `http://127.0.0.1:${port}/keys`, asked: () => asked }
}
