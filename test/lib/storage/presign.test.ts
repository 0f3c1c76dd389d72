import t from 'tap'
import { S3Store } from '../../../lib/s3.ts'
import { presign } from '../../../lib/storage/presign.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedS3 } from '../../support/servers/shared.ts'

t.test('the example in the documentation of Amazon S3', async (t) => {
  const url = presign({
    method: 'GET',
    url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
    region: 'us-east-1',
    credentials: {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
    },
    date: new Date('2013-05-24T00:00:00.000Z'),
    expiresInS: 86_400
  })
  t.equal(
    url,
    'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
      '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'
  )
})

t.test('a temporary key’s token is part of the URL', async (t) => {
  const credentials = { accessKeyId: 'A', secretAccessKey: 'B', sessionToken: 'a+b/c=' }
  const request = {
    method: 'PUT',
    url: new URL('https://b.test/k'),
    region: 'us-east-1',
    expiresInS: 60
  } as const
  const url = new URL(presign({ ...request, credentials, date: new Date(0) }))
  t.equal(url.searchParams.get('X-Amz-Security-Token'), 'a+b/c=')
})

t.test('on a real server', needsServices, async (t) => {
  const server = await sharedS3(t)
  const name = await server.createBucket()
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  const signed = (method: 'GET' | 'PUT', date: Date, headers: Record<string, string> = {}) =>
    presign({
      ...{ method, headers, region, credentials, date },
      url: new URL(`${endpoint}/${name}/uploads/a`),
      expiresInS: 60
    })
  const headers = { 'content-type': 'image/png', 'content-length': '3' }

  t.test('the request that was signed is permitted, and nothing else', async (t) => {
    const url = signed('PUT', new Date(), headers)
    const put = (body: string, type = 'image/png') =>
      fetch(url, { method: 'PUT', headers: { 'content-type': type }, body })
    t.equal((await put('four')).status, 403)
    t.equal((await put('abc', 'image/jpeg')).status, 403)
    t.equal((await put('abc')).status, 200)
    t.equal((await fetch(url)).status, 403, 'no GET')
    t.equal(await (await fetch(signed('GET', new Date()))).text(), 'abc')
  })

  t.test('a URL that has expired is refused', async (t) => {
    const url = signed('PUT', new Date(Date.now() - 120_000), headers)
    const response = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'image/png' },
      body: 'abc'
    })
    t.equal(response.status, 403)
    t.match(await response.text(), /Request has expired/)
  })

  t.test('the store signs for its bucket, with or without a size', async (t) => {
    const bucket = { name, region, endpoint, credentials, forcePathStyle: true }
    const objects = new S3Store(bucket, { publicBaseUrl: 'https://cdn.test' })
    t.teardown(() => objects.close())
    for (const bytes of [3, null]) {
      const url = await objects.intake.presign('uploads/b', {
        content_type: 'image/png',
        bytes,
        expiresInS: 60
      })
      const response = await fetch(url, {
        method: 'PUT',
        headers: { 'content-type': 'image/png' },
        body: 'abc'
      })
      t.equal(response.status, 200, url)
    }
  })
})
