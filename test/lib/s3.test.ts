import { GetObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { ImageError } from '../../lib/image/error.ts'
import { S3Store } from '../../lib/s3.ts'
import { startFaultyProxy } from '../support/http/faulty-proxy.ts'
import { owned } from '../support/owner.ts'
import { needsServices } from '../support/servers/needs.ts'
import { bucketOn, bucketStore, HANDLERS } from './storage/bucket.ts'
import { keys, objectKey, picture, signal } from './storage/conformance.ts'

const MiB = 1024 * 1024

for (const [by, handler] of Object.entries(HANDLERS)) {
  t.test(`in a bucket, with the handler of ${by}`, needsServices, async (t) => {
    const { server, name, open, read } = await bucketStore(t, handler)

    t.test('an object is a JPEG that may be cached for ever', async (t) => {
      const Key = objectKey(7, 'one')
      await open(t).put(Key, picture, signal)
      const { ContentType, CacheControl } = await server.client.send(
        new GetObjectCommand({ Bucket: name, Key })
      )
      t.same(
        { ContentType, CacheControl },
        { ContentType: 'image/jpeg', CacheControl: 'public, max-age=31536000, immutable' }
      )
    })

    t.test('without a public address the URL is the bucket’s own', async (t) => {
      const objects = new S3Store(bucketOn(server, name), { publicBaseUrl: undefined })
      t.teardown(() => objects.close())
      t.equal(
        await objects.put('products/8/a.jpg', picture, signal),
        `${server.endpoint}/${name}/products/8/a.jpg`
      )
    })

    t.test('a large object is whole', async (t) => {
      const objects = open(t)
      const large = Buffer.alloc(11 * MiB, 'large')
      const url = await objects.put(objectKey(9, 'large'), large, signal)
      t.ok(large.equals(await read(url)))
    })

    t.test('an aborted upload leaves no parts behind', async (t) => {
      const proxy = owned(t, await startFaultyProxy(server.endpoint))
      const objects = open(t, bucketOn(server, name, proxy.url))
      const stop = new AbortController()
      const reason = new Error('the service is stopping')
      const put = objects.put(objectKey(10, 'large'), Buffer.alloc(30 * MiB), stop.signal)
      await proxy.taken()
      await proxy.taken()
      stop.abort(reason)
      await t.rejects(put, reason)
      const uploads = async () =>
        (await server.client.send(new ListMultipartUploadsCommand({ Bucket: name }))).Uploads ?? []
      // The server learns this when the parts on their way have arrived.
      while ((await uploads()).length > 0);
      t.same(await keys(objects, 'products/10/'), [])
    })

    t.test('a bucket that is not there is a passing storage error, and cannot be used', async (t) => {
      const objects = open(t, bucketOn(server, 'nowhere-to-be-found'))
      await t.rejects(objects.put('products/11/a.jpg', picture, signal), { code: 'storage', transient: true })
      await t.rejects(objects.ping())
    })

    for (const fault of ['refuse', 'reset'] as const) {
      t.test(
        `a server that fails (${fault}) is a passing storage error, and works when it is back`,
        async (t) => {
          const proxy = owned(t, await startFaultyProxy(server.endpoint))
          const objects = open(t, bucketOn(server, name, proxy.url))
          const key = objectKey(12, fault)
          proxy.fault = fault
          const error = await objects.put(key, picture, signal).catch((e: unknown) => e)
          t.type(error, ImageError)
          t.match(error, {
            code: 'storage',
            transient: true,
            message: 'The image could not be stored and will be retried.'
          })
          await t.rejects(objects.remove(key))
          await t.rejects(objects.ping())
          proxy.fault = 'none'
          t.same(await read(await objects.put(key, picture, signal)), picture)
        }
      )
    }

    t.test('a put and a remove whose responses were lost can be repeated', async (t) => {
      const proxy = owned(t, await startFaultyProxy(server.endpoint))
      const objects = open(t, bucketOn(server, name, proxy.url))
      const key = objectKey(13, 'lost')
      proxy.fault = 'lose'
      await t.rejects(objects.put(key, picture, signal), { code: 'storage', transient: true })
      proxy.fault = 'none'
      t.same(await read(await objects.put(key, picture, signal)), picture)
      proxy.fault = 'lose'
      await t.rejects(objects.remove(key))
      proxy.fault = 'none'
      await objects.remove(key)
      t.same(await keys(objects, key), [])
    })

    t.test('a stop does not wait for a server that does not respond', async (t) => {
      const proxy = owned(t, await startFaultyProxy(server.endpoint))
      const objects = open(t, bucketOn(server, name, proxy.url))
      proxy.fault = 'stall'
      const stop = new AbortController()
      const reason = new Error('the service is stopping')
      const put = objects.put(objectKey(14, 'a'), picture, stop.signal)
      await proxy.taken()
      const removal = objects.remove(objectKey(14, 'b'), stop.signal)
      await proxy.taken()
      stop.abort(reason)
      await t.rejects(put, reason)
      await t.rejects(removal)
    })
  })
}
