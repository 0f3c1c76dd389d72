import { randomBytes } from 'node:crypto'
import { Upload } from '@aws-sdk/lib-storage'
import t from 'tap'
import { createFolder } from './guard.ts'
import { needsOwn } from './needs.ts'
import { descendants, isAlive } from './process-tree.ts'
import { startS3 } from './s3.ts'

t.test('a private S3', needsOwn('s3'), async (t) => {
  createFolder('any') // the guard is there before, and stays
  const before = descendants(process.pid)
  const s3 = await startS3()
  t.teardown(() => s3.stop())
  const started = descendants(process.pid).filter((pid) => !before.includes(pid))
  const bucket = await s3.createBucket()
  const put = (key: string, body: Buffer) =>
    new Upload({
      client: s3.client,
      params: { Bucket: bucket, Key: key, Body: body, ContentType: 'image/jpeg' }
    }).done()

  for (const [what, size] of [
    ['a small object', 1024],
    ['an object of several parts', 12 * 1024 * 1024]
  ] as const) {
    await t.test(`gives ${what} to a stranger as it was put`, async (t) => {
      const bytes = randomBytes(size)
      await put(`products/1/${size}.jpg`, bytes)

      const response = await fetch(`${s3.publicUrl(bucket)}/products/1/${size}.jpg`)

      t.equal(response.status, 200)
      t.equal(response.headers.get('content-type'), 'image/jpeg')
      t.ok(bytes.equals(await response.bytes()))
    })
  }

  await t.test('lets no stranger write', async (t) => {
    const response = await fetch(`${s3.publicUrl(bucket)}/theirs.jpg`, { method: 'PUT', body: 'x' })

    t.equal(response.status, 401)
  })

  await t.test('leaves nothing running when it is stopped', async (t) => {
    await s3.stop()

    t.ok(started.length > 4)
    t.strictSame(started.filter(isAlive), [])
  })
})
