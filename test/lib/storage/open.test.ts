import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { S3Store } from '../../../lib/s3.ts'
import { FileStore } from '../../../lib/storage/files.ts'
import { objectKey } from '../../../lib/storage/object-key.ts'
import type { ObjectStore } from '../../../lib/storage/object-store.ts'
import { createFolder } from '../../support/servers/guard.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedS3 } from '../../support/servers/shared.ts'

const { signal } = new AbortController()
const HOUR = 3_600_000

function conformance(t: Test, objects: ObjectStore): void {
  t.test('an object can be read as a stream of known length', async (t) => {
    await objects.put('products/1/a.jpg', Buffer.from('picture'), signal)
    const object = await objects.open('products/1/a.jpg', signal)
    t.equal(object?.bytes, 7)
    t.equal(object && (await text(object.body)), 'picture')
  })

  t.test('there may be none', async (t) => t.equal(await objects.open('products/1/none', signal), null))

  t.test('an abort ends reading', async (t) => {
    await objects.put('products/1/large', Buffer.alloc(9_000_000), signal)
    const stop = new AbortController()
    const object = await objects.open('products/1/large', stop.signal)
    if (!object) throw new Error('it is there')
    stop.abort()
    await t.rejects(text(object.body))
  })

  t.test('an abort while it is opened rejects, and ends nothing else', async (t) => {
    const stop = new AbortController()
    const opening = objects.open('products/1/large', stop.signal)
    stop.abort()
    await t.rejects(opening, { name: 'AbortError' })
  })
}

t.test('in files', async (t) => {
  const folder = createFolder('objects')
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const objects = new FileStore(folder, () => '')
  conformance(t, objects)

  t.test('a body that fails leaves nothing, and only what is old is removed', async (t) => {
    async function* broken() {
      yield Buffer.from('half')
      throw new Error('gone')
    }
    await t.rejects(objects.intake.receive('uploads/a', broken()), { message: 'gone' })
    t.strictSame(await readdir(join(folder, 'uploads')), [])
    const unfinished = () => readdir(join(folder, '.unfinished'))
    t.strictSame(await unfinished(), [])
    await objects.put('.unfinished/x', Buffer.from('half'), signal)
    await objects.removeUnfinished(new Date(Date.now() - HOUR))
    t.strictSame(await unfinished(), ['x'])
    await objects.removeUnfinished(new Date(Date.now() + HOUR))
    t.strictSame(await unfinished(), [])
  })
})

t.test('in S3', needsServices, async (t) => {
  const server = await sharedS3(t)
  const Bucket = await server.createBucket()
  const { region, endpoint, client } = server
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey }
  const bucket = { name: Bucket, region, endpoint, credentials, forcePathStyle: true }
  const objects = new S3Store(bucket, { publicBaseUrl: undefined })
  t.teardown(() => objects.close())
  conformance(t, objects)

  t.test('parts of an upload whose worker died are removed, others’ and new ones are not', async (t) => {
    const ours = objectKey(1, { id: crypto.randomUUID(), generation: 1 }, Buffer.from('picture'))
    const theirs = ['elsewhere/a.jpg', 'products/1/a.jpg']
    for (const Key of [ours, ...theirs]) await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const keys = async () =>
      (await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.map(({ Key }) => Key)
    await objects.removeUnfinished(new Date(Date.now() - HOUR))
    t.strictSame((await keys())?.sort(), [...theirs, ours].sort())
    await objects.removeUnfinished(new Date(Date.now() + HOUR))
    t.strictSame(await keys(), theirs)
  })
})
