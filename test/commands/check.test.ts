import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import t from 'tap'
import { asyncprod } from '../support/cli.ts'
import { CERTIFICATE, KEY } from '../support/http/certificate.ts'
import { needsServices } from '../support/servers/needs.ts'
import { sharedS3 } from '../support/servers/shared.ts'

const FENCE = /^Pictures are decoded in: processes of their own with an empty environment; .+$/

t.test('check ends with 0 if nothing is missing, and leaves nothing', async (t) => {
  const { code, stdout } = await asyncprod(['check'])
  t.equal(code, 0)
  const lines = stdout.trimEnd().split('\n')
  t.strictSame(
    lines.filter((line) => !/^(Pictures|Not available on this system)/.test(line)),
    [
      'PostgreSQL is embedded',
      'Redis is embedded',
      'RabbitMQ is embedded',
      'The object store is embedded',
      'ROLE=all can start'
    ]
  )
  t.match(lines[4], FENCE)
})

t.test('check ends with 1 and names each server that is away, and its setting', async (t) => {
  const nobody = '127.0.0.1:1'
  const { code, stdout, stderr } = await asyncprod(['check'], {
    DATABASE_URL: `postgres://${nobody}/shop`,
    REDIS_URL: `redis://${nobody}`,
    RABBITMQ_URL: `amqp://${nobody},amqp://${nobody}`,
    AWS_BUCKET_NAME: 'images',
    AWS_ACCESS_KEY: 'key',
    AWS_SECRET_KEY: 'secret',
    AWS_ENDPOINT_URL_S3: `http://${nobody}`
  })
  t.equal(code, 1)
  const away = (name: string, settings: string) =>
    `${name} cannot be used: connect ECONNREFUSED ${nobody}. Is it running, and is ${settings} right?`
  const twice = `connect ECONNREFUSED ${nobody}, connect ECONNREFUSED ${nobody}`
  t.strictSame(stdout.split('\n').slice(0, 4), [
    away('PostgreSQL', 'DATABASE_URL (or DB_HOST)'),
    away('Redis', 'REDIS_URL (or REDIS_HOST)'),
    `RabbitMQ cannot be used: ${twice}. Is it running, and is RABBITMQ_URL right?`,
    away('The object store', 'AWS_BUCKET_NAME (with its region, keys and endpoint)')
  ])
  t.equal(stderr, 'These cannot be used: PostgreSQL, Redis, RabbitMQ, The object store\n')
})

t.test('check says how to trust the private authority of a PostgreSQL', async (t) => {
  const encrypt = (socket: Socket) => {
    socket.write('S')
    new TLSSocket(socket, { isServer: true, cert: CERTIFICATE, key: KEY }).on('error', () => undefined)
  }
  // PostgreSQL's own handshake comes before that of TLS.
  const server = createServer((socket) => socket.once('data', () => encrypt(socket))).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  const port = address instanceof Object ? address.port : 0
  const { code, stdout } = await asyncprod(['check'], {
    DATABASE_URL: `postgres://127.0.0.1:${port}/shop?sslmode=require`
  })
  t.equal(code, 1)
  t.match(stdout, /^PostgreSQL cannot be used: self-signed certificate.*Set NODE_EXTRA_CA_CERTS, /m)
  t.match(
    stdout,
    ' Or add sslrootcert=FILE to DATABASE_URL, or set sslmode=no-verify there to skip the check.\n'
  )
})

t.test('check fetches an object by its public URL, and removes it', needsServices, async (t) => {
  const s3 = await sharedS3(t)
  const bucket = await s3.createBucket()
  const variables = {
    AWS_BUCKET_NAME: bucket,
    AWS_REGION: s3.region,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ACCESS_KEY: s3.accessKeyId,
    AWS_SECRET_KEY: s3.secretAccessKey
  }
  const served = await asyncprod(['check'], { ...variables, PUBLIC_BASE_URL: s3.publicUrl(bucket) })
  t.match(served, { code: 0, stdout: /^The object store can be used$/m }, served.stdout)

  const wrong = await asyncprod(['check'], {
    ...variables,
    PUBLIC_BASE_URL: `${s3.publicUrl(bucket)}/not-here`
  })
  const asked = String.raw`http\S+/not-here/products/\.check-\S+\.`
  t.match(wrong, {
    code: 1,
    stdout: new RegExp(
      '^The object store stores images, but their public URLs do not serve them: ' +
        `status 404 Not Found from ${asked} ` +
        String.raw`Let everyone read products/\* of the bucket \(s3:GetObject in its policy\), ` +
        String.raw`or set PUBLIC_BASE_URL to the address that serves it\.$`,
      'm'
    )
  })
  const nobody = await asyncprod(['check'], { ...variables, PUBLIC_BASE_URL: 'http://127.0.0.1:2' })
  t.match(nobody, { code: 1, stdout: /do not serve them: connect ECONNREFUSED 127\.0\.0\.1:2 from/ })

  const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }))
  t.strictSame(Contents, [])
})

t.test('check ends with 1 and names a setting that cannot be used', async (t) => {
  t.match(await asyncprod(['check'], { PORT: 'http' }), {
    code: 1,
    stdout: '',
    stderr: /^PORT=http cannot be used/
  })
})
