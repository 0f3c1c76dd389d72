import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { ROOT } from '../../scripts/generated.ts'
import { findProgram } from '../support/servers/install.ts'

const run = promisify(execFile)
const COUNTS = /^[\d,]+ → [\d,]+$/

async function place(t: Test) {
  const TMPDIR = await mkdtemp(join(tmpdir(), 'asyncprod-'))
  t.teardown(() => rm(TMPDIR, { recursive: true }))
  return { TMPDIR, options: { cwd: ROOT, env: { ...process.env, TMPDIR } } }
}

t.test('without a terminal the demo shows its results, prints no links and leaves nothing', async (t) => {
  const { TMPDIR, options } = await place(t)
  const { stdout, stderr } = await run(process.execPath, ['cli.ts', 'demo'], options)
  t.equal(stderr, '')

  const lines = stdout.split('\n')
  const table = lines.slice(lines.findIndex((line) => line.startsWith('source')))
  const columns = table.slice(1, 6).map((line) => line.split(/ {2,}/))
  t.match(columns, [
    ['hills.jpg (JPEG, EXIF rotated)', 'done', '2000x3000 → 800x533', COUNTS, /^\d\d%$/, /^\d/],
    ['sticker.png (PNG with alpha)', 'done', '1400x1400 → 600x600', COUNTS, /^\d\d%$/, /^\d/],
    ['dusk.webp (WebP)', 'done', '1920x1080 → 800x450', COUNTS, /^\d\d%$/, /^\d/],
    ['night.avif (AVIF)', 'done', '1600x1200 → 800x600', COUNTS, /^\d\d%$/, /^\d/],
    ['broken.jpg (JPEG, cut in half)', 'failed', '1200x900', /^[\d,]+$/, /^\d/, 'corrupt_image']
  ])
  t.match(stdout, /^broken\.jpg: The JPEG is broken/m)
  t.notMatch(stdout, 'http')
  t.strictSame(await readdir(TMPDIR), [])
})

t.test('with RENDITIONS, the table has a row for each rendition, and a wrong one is refused', async (t) => {
  const { TMPDIR, options } = await place(t)
  const demo = (RENDITIONS: string) =>
    run(process.execPath, ['cli.ts', 'demo'], { ...options, env: { ...options.env, RENDITIONS } })
  const { stdout } = await demo('thumb:200x200,fit=cover,format=webp;large:400x,format=avif;small:x90')
  const rows = stdout.split('\n').filter((line) => line.startsWith('  '))
  t.match(
    rows.map((row) => row.trim().split(/ {2,}/)),
    [
      ['large (image/avif)', '→ 400x267'],
      ['small (image/jpeg)', '→ 135x90'],
      ['thumb (image/webp)', '→ 200x200'],
      ['large (image/avif)', '→ 400x400'],
      ['small (image/jpeg)', '→ 90x90'],
      ['thumb (image/webp)', '→ 200x200'],
      ['large (image/avif)', '→ 400x225'],
      ['small (image/jpeg)', '→ 160x90'],
      ['thumb (image/webp)', '→ 200x200'],
      ['large (image/avif)', '→ 400x300'],
      ['small (image/jpeg)', '→ 120x90'],
      ['thumb (image/webp)', '→ 200x200']
    ].map((cells) => [...cells, /^→ [\d,]+$/, /^-?\d+%$/])
  )
  await t.rejects(demo('thumb=200'), { code: 1, stderr: /^RENDITIONS .*Write name:WxH/ })
  t.strictSame(await readdir(TMPDIR), [])
})

const script = findProgram('script')

for (const [key, typed] of [
  ['Enter', '\n'],
  ['Ctrl-C', '\x03']
] as const) {
  t.test(
    `at a terminal the demo says first that it stays, and its links are alive until ${key}`,
    { skip: !script && 'needs a terminal: util-linux script' },
    async (t) => {
      const { TMPDIR, options } = await place(t)
      // A shell between the terminal and the demo would end by the signal, whatever the demo does.
      const command = `exec ${process.execPath} cli.ts demo`
      const child = spawn(script ?? '', ['-qec', command, '/dev/null'], {
        ...options,
        stdio: ['pipe', 'pipe', 'inherit']
      })
      const ended = once(child, 'exit')
      const printed: string[] = []
      const shown = Promise.withResolvers<void>()
      createInterface(child.stdout).on('line', (line) => {
        printed.push(line)
        if (line.endsWith('/documentation')) shown.resolve()
      })
      await Promise.race([shown.promise, ended])

      t.equal(printed[0], 'This demo stays until you press Enter or Ctrl-C.')
      const links = printed.filter((line) => line.startsWith('http'))
      const statuses = await Promise.all(links.map(async (link) => (await fetch(link)).status))
      t.same(statuses, Array(6).fill(200))
      child.stdin.write(typed)
      t.same(await ended, [0, null], 'the demo ends well', { printed })
      t.strictSame(await readdir(TMPDIR), [])
    }
  )
}
