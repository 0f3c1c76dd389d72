import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ImageError } from '../../../lib/image/error.ts'
import { FileStore } from '../../../lib/storage/files.ts'
import { createFolder } from '../../support/servers/guard.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { bucketStore } from './bucket.ts'
import { conformance, objectKey, picture, signal } from './conformance.ts'

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

t.test('in S3', needsServices, async (t) => {
  const { open, publicBaseUrl, read } = await bucketStore(t)
  conformance(t, open(t), { url: publicBaseUrl, read })
})
