import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { FileStore } from '../../../lib/storage/files.ts'
import { buildTestApp } from '../../support/app.ts'

t.test('an object is named only when it is whole, and nothing stays beside it', async (t) => {
  const folder = t.testdir({})
  await new FileStore(folder, () => '').put('a/b.jpg', Buffer.from('whole'), AbortSignal.timeout(60_000))
  t.same((await readdir(folder, { recursive: true })).sort(), ['.unfinished', 'a', 'a/b.jpg'])
})

t.test('a start removes what a killed process left half written', async (t) => {
  const DATA_DIR = t.testdir({})
  const folder = join(DATA_DIR, 'objects')
  await mkdir(join(folder, '.unfinished'), { recursive: true })
  await writeFile(join(folder, '.unfinished/x'), 'half')
  await buildTestApp(t, { DATA_DIR })
  t.same((await readdir(folder, { recursive: true })).sort(), ['.unfinished', 'products'])
})

t.test('a folder that does not exist yet has no objects', async (t) => {
  const objects = new FileStore(join(t.testdir({}), 'objects'), () => '')
  for await (const { key } of objects.list('')) t.fail(key)
})
