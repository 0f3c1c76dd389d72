import { existsSync } from 'node:fs'
import { appendFile, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { installOnce } from '../../scripts/install.ts'

const SMALL = join(import.meta.dirname, '../support/quality')
const PACKAGE = 'node_modules/calc-s2-rust/package.json'

async function folderOf(t: { testdir(): string }) {
  const folder = t.testdir()
  for (const file of ['package.json', 'package-lock.json'])
    await copyFile(join(SMALL, file), join(folder, file))
  return folder
}

t.test('processes that install at the same time share one install', async (t) => {
  const folder = await folderOf(t)
  await Promise.all([installOnce(folder), installOnce(folder), installOnce(folder)])
  t.ok(existsSync(join(folder, PACKAGE)))
})

t.test('an install that was cut off is made again', async (t) => {
  const folder = await folderOf(t)
  await mkdir(join(folder, 'node_modules/half'), { recursive: true })
  await installOnce(folder)
  t.same([existsSync(join(folder, PACKAGE)), existsSync(join(folder, 'node_modules/half'))], [true, false])
})

t.test('packages that are there stay until their lockfile changes', async (t) => {
  const folder = await folderOf(t)
  const mark = join(folder, 'node_modules/mark')
  await installOnce(folder)
  await mkdir(mark)
  await installOnce(folder)
  t.ok(existsSync(mark))
  await appendFile(join(folder, 'package-lock.json'), '\n')
  await installOnce(folder)
  t.same([existsSync(join(folder, PACKAGE)), existsSync(mark)], [true, false])
})

t.test('an install that failed is reported, and made again', async (t) => {
  const folder = await folderOf(t)
  const manifest = join(folder, 'package.json')
  await installOnce(folder)
  await appendFile(join(folder, 'package-lock.json'), '\n')
  await writeFile(manifest, JSON.stringify({ dependencies: { 'not-in-the-lockfile': '1.0.0' } }))
  await t.rejects(installOnce(folder), { message: /npm error code E/ })
  await copyFile(join(SMALL, 'package.json'), manifest)
  await installOnce(folder)
  t.ok(existsSync(join(folder, PACKAGE)))
})
