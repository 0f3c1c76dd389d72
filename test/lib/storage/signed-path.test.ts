import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { PathSigner, urlSecret } from '../../../lib/storage/signed-path.ts'
import { urlWindow } from '../../../lib/storage/url-window.ts'

t.test('URLs stay the same within a window, and are valid until the end of the next', async (t) => {
  const at = (time: string) => urlWindow(3600, Date.parse(time))
  const window = { start: new Date('2026-01-01T10:00:00.000Z'), expiresInS: 7200 }
  t.strictSame(at('2026-01-01T10:00:00.000Z'), window)
  t.strictSame(at('2026-01-01T10:59:59.999Z'), window)
  t.strictSame(at('2026-01-01T11:00:00.000Z').start, new Date('2026-01-01T11:00:00.000Z'))
})

t.test('a signature is for one path and one time', async (t) => {
  const secret = Buffer.alloc(32, 1)
  const signer = new PathSigner(secret, 3600)
  const query = Object.fromEntries(new URLSearchParams(signer.sign('products/1/a.jpg')))
  t.equal(signer.isValid('products/1/a.jpg', query), true)
  t.equal(signer.isValid('products/1/b.jpg', query), false)
  t.equal(signer.isValid('products/1/a.jpg', { ...query, expires: '4000000000' }), false)
  t.equal(signer.isValid('products/1/a.jpg', {}), false)
  t.equal(new PathSigner(Buffer.alloc(32, 2), 3600).isValid('products/1/a.jpg', query), false)
  const expired = new PathSigner(secret, 1e-9)
  const old = Object.fromEntries(new URLSearchParams(expired.sign('products/1/a.jpg')))
  t.equal(expired.isValid('products/1/a.jpg', old), false)
})

t.test('a data folder has one secret, which nobody else can read', async (t) => {
  const folder = t.testdir({})
  const [one, other] = await Promise.all([urlSecret(folder), urlSecret(folder)])
  t.equal(one.length, 32)
  t.strictSame(other, one)
  t.strictSame(await urlSecret(folder), one)
  t.equal((await stat(join(folder, 'url-secret'))).mode & 0o777, 0o600)
})
