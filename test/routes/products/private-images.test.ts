import { randomUUID } from 'node:crypto'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { loadConfig } from '../../../lib/config/config.ts'
import { refreshStoredUrls } from '../../../lib/products/stored-urls.ts'
import { buildTestApp, settled } from '../../support/app.ts'
import { startOrigin } from '../../support/http/origin.ts'
import { owned } from '../../support/owner.ts'
import { labelled, readLabel } from '../../support/pictures/pictures.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedS3 } from '../../support/servers/shared.ts'

/** What clients see of private images, wherever they lie. */
async function isPrivate(t: Test, variables: Record<string, string>): Promise<void> {
  const origin = owned(t, await startOrigin())
  origin.serve('/1', await labelled(1))
  const sources = {
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
    PRIVATE_BUCKET: 'true',
    SIGNED_URL_TTL_S: '302400'
  }
  const app = await buildTestApp(t, { ...sources, ...variables })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const payload = { user_id: 1, product_name: 'Lamp', product_images: [`${origin.url}/1`] }
  const created = await app.inject({ method: 'POST', url: '/api/v1/products', payload })
  const { product_id: id } = created.json()
  await settled(app, id)
  const read = () => app.inject(`/api/v1/products/${id}`)
  const first = await read()
  const { images, compressed_product_images } = first.json()
  const [{ url }] = images

  t.test('the URL of the product can be read, and no other', async (t) => {
    const response = await fetch(url)
    t.equal(response.status, 200)
    t.equal(response.headers.get('cache-control'), 'private, max-age=31536000, immutable')
    t.equal(await readLabel(Buffer.from(await response.arrayBuffer())), 1)
    const { origin, pathname, search } = new URL(url)
    t.equal((await fetch(origin + pathname)).ok, false)
    t.equal((await fetch(`${origin}${pathname.replace('.jpg', '.png')}${search}`)).status, 403)
  })

  t.test('it is the same everywhere, so that what has an ETag stays known', async (t) => {
    t.strictSame(compressed_product_images, [url])
    const [listed] = (await app.inject('/api/v1/products')).json()
    t.equal(listed.images[0].url, url)
    t.match((await app.inject(`/api/v1/products/${id}/events`)).body, url)
    t.equal((await read()).headers.etag, first.headers.etag)
    const headers = { 'if-none-match': String(first.headers.etag) }
    t.equal((await app.inject({ url: `/api/v1/products/${id}`, headers })).statusCode, 304)
  })

  t.test('no signature is stored, also by a change and by a refresh', async (t) => {
    const { origin, pathname } = new URL(url)
    const address = origin + pathname
    const stored = async () => {
      const { rows } = await app.pg.pool.query<{ urls: string[] }>(
        `SELECT compressed_product_images || array_agg(i.url) AS urls
         FROM products p JOIN product_images i ON i.product_id = p.id WHERE p.id = $1 GROUP BY p.id`,
        [id]
      )
      return rows
    }
    t.same(await stored(), [{ urls: [address, address] }])
    await app.inject({
      method: 'PUT',
      url: `/api/v1/products/${id}`,
      payload: { ...payload, product_name: 'B' }
    })
    t.same(await stored(), [{ urls: [address, address] }])
    const refreshed: number[] = []
    await app.pg.pool.query('UPDATE product_images SET url = $1', ['http://old.example/1.jpg'])
    for await (const count of refreshStoredUrls(app.pg.pool, (key) => app.objects.addressOf(key)))
      refreshed.push(count)
    t.same(refreshed, [1])
    t.same(await stored(), [{ urls: [address, address] }])
  })
}

t.test('in files', (t) => isPrivate(t, {}))

t.test('in a bucket that nobody else can read', needsServices, async (t) => {
  const server = await sharedS3(t)
  const bucket = `private-${randomUUID()}`
  await server.client.send(new CreateBucketCommand({ Bucket: bucket }))
  await isPrivate(t, {
    AWS_BUCKET_NAME: bucket,
    AWS_REGION: server.region,
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_ACCESS_KEY: server.accessKeyId,
    AWS_SECRET_KEY: server.secretAccessKey
  })
})

t.test('a prefix of public URLs is refused where URLs lead to the bucket', async (t) => {
  const variables = { PRIVATE_BUCKET: 'true', AWS_BUCKET_NAME: 'b', PUBLIC_BASE_URL: 'https://cdn.example' }
  t.throws(() => loadConfig(variables), {
    message:
      'PUBLIC_BASE_URL contradicts PRIVATE_BUCKET: signed URLs lead to the bucket itself. Unset one of them'
  })
})
