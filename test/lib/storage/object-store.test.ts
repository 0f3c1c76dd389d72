import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GetObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import type { Bucket } from '../../../lib/config/servers.ts'
import { ImageError } from '../../../lib/image/error.ts'
import { S3Store } from '../../../lib/s3.ts'
import { FileStore } from '../../../lib/storage/files.ts'
import type { ObjectStore } from '../../../lib/storage/object-store.ts'
import { startFaultyProxy } from '../../support/http/faulty-proxy.ts'
import { owned } from '../../support/owner.ts'
import { createFolder } from '../../support/servers/guard.ts'
import { needsServices } from '../../support/servers/needs.ts'
import type { S3Server } from '../../support/servers/s3.ts'
import { sharedS3 } from '../../support/servers/shared.ts'

const { signal } = new AbortController()
const picture = Buffer.from('a picture')
const MiB = 1024 * 1024

const objectKey = (product: number, name: string) => `products/${product}/${name}.jpg`

async function keys(objects: ObjectStore, prefix = ''): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of objects.list(prefix)) found.push(key)
  return found.sort()
}

/** What every object store has to do. `read` gets an object as somebody who has only its URL. */
function conformance(
  t: Test,
  objects: ObjectStore,
  { url, read }: { url: string; read(url: string): Promise<Buffer> }
): void {
  t.test('it can be used', async (t) => t.resolves(objects.ping()))

  t.test('what was put can be read at the URL that `put` resolves with', async (t) => {
    const key = objectKey(1, 'one')
    t.equal(objects.urlOf(key), `${url}/products/1/one.jpg`)
    t.equal(await objects.put(key, picture, signal), objects.urlOf(key))
    t.same(await read(`${url}/${key}`), picture)
  })

  t.test('putting again replaces', async (t) => {
    const key = objectKey(2, 'one')
    await objects.put(key, Buffer.alloc(1000, 1), signal)
    await objects.put(key, picture, signal)
    t.same(await read(`${url}/${key}`), picture)
    t.same(await keys(objects, 'products/2/'), [key])
  })

  t.test('two who put the same key at once leave one whole object', async (t) => {
    const key = objectKey(3, 'one')
    const bodies = [1, 2, 3, 4].map((byte) => Buffer.alloc(100_000, byte))
    await Promise.all(bodies.map((body) => objects.put(key, body, signal)))
    const stored = await read(`${url}/${key}`)
    t.ok(bodies.some((body) => body.equals(stored)))
    t.same(await keys(objects, 'products/3/'), [key])
  })

  t.test('what was removed is gone, and removing it again succeeds', async (t) => {
    const key = objectKey(4, 'one')
    await objects.put(key, picture, signal)
    await objects.remove(key)
    await objects.remove(key, signal)
    t.same(await keys(objects, 'products/4/'), [])
    await t.rejects(read(`${url}/${key}`))
  })

  t.test('a list has the keys of its prefix, their sizes and when they came', async (t) => {
    const since = Date.now()
    for (const id of ['a', 'b']) await objects.put(objectKey(5, id), picture, signal)
    await objects.put(objectKey(55, 'c'), picture, signal)
    t.same(await keys(objects, 'products/5/'), ['products/5/a.jpg', 'products/5/b.jpg'])
    t.same(await keys(objects, 'products/nobody/'), [])
    const after: string[] = []
    for await (const { key } of objects.list('products/5', 'products/5/a.jpg')) after.push(key)
    t.same(after, ['products/5/b.jpg', 'products/55/c.jpg'], 'in order, from a key on')
    for await (const { bytes, modified } of objects.list('products/5/')) {
      t.equal(bytes, picture.length)
      t.ok(Math.abs(modified.getTime() - since) < 60_000, modified.toISOString())
    }
  })

  t.test('a put whose signal has aborted rejects with its reason and stores nothing', async (t) => {
    const reason = new Error('the service is stopping')
    await t.rejects(objects.put(objectKey(6, 'one'), picture, AbortSignal.abort(reason)), reason)
    t.same(await keys(objects, 'products/6/'), [])
  })
}

t.test('in files', async (t) => {
  const folder = createFolder('objects')
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const url = 'http://localhost:8080/media'
  const read = (address: string) => readFile(join(folder, address.slice(url.length)))
  const objects = new FileStore(folder, () => url)
  conformance(t, objects, { url, read })

  t.test('a file that cannot be written is a passing storage error, and leaves nothing behind', async (t) => {
    await mkdir(join(folder, 'products/7/one.jpg/in-the-way'), { recursive: true })
    const error = await objects.put(objectKey(7, 'one'), picture, signal).catch((e: unknown) => e)
    t.type(error, ImageError)
    t.match(error, { code: 'storage', transient: true })
    t.same(await readdir(join(folder, 'products/7')), ['one.jpg'])
    await writeFile(join(folder, 'products/8'), 'a file where a folder should be')
    await t.rejects(objects.put(objectKey(8, 'one'), picture, signal), { code: 'storage', transient: true })
  })
})

const bucketOn = (server: S3Server, name: string, endpoint = server.endpoint): Bucket => ({
  name,
  region: server.region,
  credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
  endpoint,
  forcePathStyle: true
})

t.test('in S3', needsServices, async (t) => {
  const server = await sharedS3(t)
  const name = await server.createBucket()
  const publicBaseUrl = server.publicUrl(name)
  const open = (t: Test, bucket = bucketOn(server, name), base: string | undefined = publicBaseUrl) => {
    const objects = new S3Store(bucket, { publicBaseUrl: base })
    t.teardown(() => objects.close())
    return objects
  }
  const read = async (url: string) => {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`${response.status}`)
    return Buffer.from(await response.arrayBuffer())
  }
  conformance(t, open(t), { url: publicBaseUrl, read })

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
