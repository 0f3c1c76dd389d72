import { createServer } from 'node:http'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import t from 'tap'
import { loadConfig } from '../../lib/config/config.ts'
import type { Bucket } from '../../lib/config/servers.ts'
import { S3Store } from '../../lib/s3.ts'
import { never } from '../support/downloader.ts'
import { listen } from '../support/http/listen.ts'

const KEY = 'products/1/a.jpg'

function bucketOf(variables: Record<string, string>): Bucket {
  const { bucket } = loadConfig({
    AWS_BUCKET_NAME: 'pics',
    AWS_ACCESS_KEY: 'k',
    AWS_SECRET_KEY: 's',
    ...variables
  })
  if (!bucket) throw new Error('A bucket is set')
  return bucket
}

function urlOf(bucket: Bucket, publicBaseUrl?: string): string {
  const objects = new S3Store(bucket, { publicBaseUrl })
  t.teardown(() => objects.close())
  return objects.urlOf(KEY)
}

/** Where a plain client of the SDK sends a request for the object. */
async function requestedUrl({ name, region, endpoint, forcePathStyle }: Bucket): Promise<string> {
  let url = ''
  const client = new S3Client({
    region,
    forcePathStyle,
    credentials: { accessKeyId: 'k', secretAccessKey: 's' },
    ...(endpoint && { endpoint }),
    requestHandler: {
      handle: async ({ protocol, hostname, port, path }: Record<string, string>) => {
        url = `${protocol}//${hostname}${port ? `:${port}` : ''}${path}`
        throw new Error('The request is not sent')
      }
    },
    maxAttempts: 1
  })
  await client.send(new GetObjectCommand({ Bucket: name, Key: KEY })).catch(() => undefined)
  client.destroy()
  return url
}

const CASES: [variables: Record<string, string>, url: string][] = [
  [{}, 'https://pics.s3.us-east-1.amazonaws.com'],
  [{ AWS_REGION: 'eu-west-1' }, 'https://pics.s3.eu-west-1.amazonaws.com'],
  [{ AWS_DEFAULT_REGION: 'eu-west-1' }, 'https://pics.s3.eu-west-1.amazonaws.com'],
  [{ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-west-2' }, 'https://pics.s3.eu-west-1.amazonaws.com'],
  [{ AWS_REGION: 'cn-north-1' }, 'https://pics.s3.cn-north-1.amazonaws.com.cn'],
  [{ AWS_REGION: 'eusc-de-east-1' }, 'https://pics.s3.eusc-de-east-1.amazonaws.eu'],
  [{ AWS_REGION: 'us-gov-west-1' }, 'https://pics.s3.us-gov-west-1.amazonaws.com'],
  [
    { AWS_REGION: 'eu-west-1', AWS_BUCKET_NAME: 'img.shop.example' },
    'https://s3.eu-west-1.amazonaws.com/img.shop.example'
  ],
  [{ S3_FORCE_PATH_STYLE: 'true' }, 'https://s3.us-east-1.amazonaws.com/pics'],
  [{ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9000/' }, 'http://127.0.0.1:9000/pics'],
  [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:9000' }, 'http://127.0.0.1:9000/pics'],
  [
    { AWS_ENDPOINT_URL: 'http://other.example', AWS_ENDPOINT_URL_S3: 'https://gateway.example/s3' },
    'https://gateway.example/s3/pics'
  ],
  [
    { AWS_ENDPOINT_URL_S3: 'https://gateway.example/s3', S3_FORCE_PATH_STYLE: 'false' },
    'https://pics.gateway.example/s3'
  ]
]

for (const [variables, url] of CASES) {
  t.test(`the URL of an object is where the SDK finds it: ${JSON.stringify(variables)}`, async (t) => {
    const bucket = bucketOf(variables)
    t.equal(urlOf(bucket), `${url}/${KEY}`)
    t.equal(urlOf(bucket), await requestedUrl(bucket).then((requested) => requested.split('?')[0]))
  })
}

t.test('PUBLIC_BASE_URL takes the place of the bucket’s address', async (t) => {
  t.equal(urlOf(bucketOf({}), 'https://cdn.example/img/'), `https://cdn.example/img/${KEY}`)
})

t.test('temporary credentials are sent with their session token', async (t) => {
  const tokens: unknown[] = []
  const server = createServer(({ headers }, response) => {
    tokens.push(headers['x-amz-security-token'])
    response.end()
  })
  await using listening = await listen(server)
  const bucket = bucketOf({ AWS_ENDPOINT_URL: listening.url, AWS_SESSION_TOKEN: 'token' })
  const objects = new S3Store(bucket, { publicBaseUrl: undefined })
  await objects.put(KEY, Buffer.from('a picture'), never)
  await objects.close()
  t.same(tokens, ['token'])
})
