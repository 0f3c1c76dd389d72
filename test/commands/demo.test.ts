import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { ROOT } from '../../scripts/generated.ts'

const run = promisify(execFile)
const COUNTS = /^[\d,]+ → [\d,]+$/

t.test('the demo makes its pictures, shows what became of them, and leaves nothing', async (t) => {
  const TMPDIR = await mkdtemp(join(tmpdir(), 'asyncprod-'))
  t.teardown(() => rm(TMPDIR, { recursive: true }))
  const env = { ...process.env, TMPDIR, FORCE_COLOR: undefined }
  const { stdout, stderr } = await run(process.execPath, ['cli.ts', 'demo'], { cwd: ROOT, env })
  t.equal(stderr, '')
  t.notMatch(stdout, '\x1b', 'without a terminal it is plain text')

  const lines = stdout.split('\n')
  const table = lines.slice(lines.findIndex((line) => line.startsWith('source')))
  const columns = table.slice(2, 7).map((line) => line.split(/ {2,}/))
  t.match(columns, [
    ['hills.jpg (JPEG, EXIF rotated)', 'done', '2000x3000 → 800x533', COUNTS, /^\d\d%$/, /^\d/],
    ['sticker.png (PNG with alpha)', 'done', '1400x1400 → 600x600', COUNTS, /^\d\d%$/, /^\d/],
    ['dusk.webp (WebP)', 'done', '1920x1080 → 800x450', COUNTS, /^\d\d%$/, /^\d/],
    ['night.avif (AVIF)', 'done', '1600x1200 → 800x600', COUNTS, /^\d\d%$/, /^\d/],
    ['broken.jpg (JPEG, cut in half)', 'failed', '1200x900', /^[\d,]+$/, /^\d/, 'corrupt_image']
  ])
  t.match(stdout, /^broken\.jpg: The JPEG is broken/m)
  t.equal(stdout.match(/^http.*\/media\/products\/.*\.jpg$/gm)?.length, 4)
  t.match(stdout, /The service has ended/)
  t.strictSame(await readdir(TMPDIR), [])
})
