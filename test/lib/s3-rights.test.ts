import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import { S3Store } from '../../lib/s3.ts'

t.test('a bucket can be used with the right to write alone, and not without it', async (t) => {
  const seen: string[] = []
  let mayWrite = true
  const server = createServer(({ method, url }, response) => {
    seen.push(`${method} ${url?.split('?')[0]}`)
    response.statusCode = method === 'PUT' && mayWrite ? 200 : 403
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address && typeof address === 'object' ? address.port : 0
  const bucket = {
    name: 'pictures',
    region: 'us-east-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true
  }
  const objects = new S3Store(bucket, { publicBaseUrl: undefined })
  t.teardown(async () => {
    await objects.close()
    server.close()
  })
  await t.resolves(objects.ping())
  t.strictSame(seen, ['HEAD /pictures/', 'PUT /pictures/products/.writable'])
  mayWrite = false
  await t.rejects(objects.ping())
})
