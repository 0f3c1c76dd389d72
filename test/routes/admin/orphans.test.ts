import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { objectKey, originalKey } from '../../../lib/storage/object-key.ts'
import { uploadKey } from '../../../lib/uploads/source.ts'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'
import { dataFolder } from '../../support/service.ts'

const URL = '/api/v1/admin/orphans'
const picture = Buffer.from('a picture')
const YESTERDAY = new Date(Date.now() - 24 * 60 * 60_000)
const EARLIER = '2026-01-01T00:00:00.000Z'

const attempt = () => ({ id: crypto.randomUUID(), generation: 1 })

async function serviceWithObjects(t: Parameters<typeof buildTestApp>[0], keys: string[]) {
  const DATA_DIR = await dataFolder()
  const folder = join(DATA_DIR, 'objects')
  const put = async (key: string, modified = new Date(EARLIER)) => {
    const path = join(folder, key)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, picture)
    await utimes(path, modified, modified)
  }
  for (const key of keys) await put(key)
  const app = await buildTestApp(t, { DATA_DIR })
  return { app, call: await documented(app), folder, put }
}

const orphan = (key: string) => ({ key, bytes: picture.length, modified: EARLIER })

t.test('old objects that no row names are listed, removed and recorded', async (t) => {
  const keys = [originalKey(7, attempt(), picture), objectKey(7, attempt(), picture), uploadKey(attempt().id)]
  const { app, call, put } = await serviceWithObjects(t, keys)
  const young = objectKey(8, attempt(), picture)
  await put(young, new Date())
  await put('products/of-somebody-else.jpg', YESTERDAY)

  const page = { objects: keys.map(orphan), next: null }
  t.strictSame((await call({ url: URL })).json(), page)
  const remove = async () => (await call({ method: 'POST', url: `${URL}/remove`, payload: {} })).json()
  t.strictSame(await remove(), page)
  t.strictSame(await remove(), { objects: [], next: null })
  const left: string[] = []
  for await (const { key } of app.objects.list('')) left.push(key)
  t.strictSame(left, [young, 'products/of-somebody-else.jpg'])
  const { rows } = await app.pg.query('SELECT act, subject FROM audit')
  t.strictSame(
    rows,
    [{ act: 'orphans.remove', subject: { objects: 3, first: keys[0], last: keys[2] } }],
    'what removes nothing is not recorded'
  )
})

t.test('each call looks at 1,000 objects', async (t) => {
  const keys = Array.from({ length: 1200 }, () => objectKey(1, attempt(), picture)).sort()
  const { call } = await serviceWithObjects(t, keys)
  const first = (await call({ url: URL })).json()
  t.strictSame(first, { objects: keys.slice(0, 1000).map(orphan), next: keys[999] })
  const payload = { after: first.next }
  const last = { objects: keys.slice(1000).map(orphan), next: null }
  t.strictSame((await call({ method: 'POST', url: `${URL}/remove`, payload })).json(), last)
  t.strictSame((await call({ url: URL })).json(), first, 'the others are still there')
})

t.test('a store that cannot be read is named', async (t) => {
  const { call, folder } = await serviceWithObjects(t, [])
  await rm(folder, { recursive: true, force: true })
  await writeFile(folder, 'no folder')
  t.strictSame(
    (await call({ url: URL })).json(),
    problem('unavailable', 'The object store cannot be reached; retry later.')
  )
})
