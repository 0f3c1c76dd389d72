import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { generate, ROOT } from '../../scripts/generated.ts'
import { missing } from '../support/missing.ts'

const run = promisify(execFile)
const upToDate = { stdout: '', stderr: '' }
/** Without the loader that tap gives to child processes: the compiler cannot be loaded with it. */
const node = (...args: string[]) =>
  run('env', ['-u', 'NODE_OPTIONS', process.execPath, ...args], { cwd: ROOT })

t.test('openapi.json is what the routes say', async (t) => {
  t.strictSame(await node('scripts/openapi.ts', '--check'), upToDate)
})

t.test('.env.example and the README list the settings', async (t) => {
  t.strictSame(await node('scripts/settings.ts', '--check'), upToDate)
})

t.test('docs/modules.svg shows the imports between modules', async (t) => {
  t.strictSame(await node('scripts/modules/modules.ts', '--check'), upToDate)
})

t.test(
  'docs/operations.md lists the metrics and log lines, and the operator has the same rules',
  async (t) => {
    t.strictSame(await node('scripts/operations/operations.ts', '--check'), upToDate)
  }
)

t.test('the client is what its generator makes of openapi.json', async (t) => {
  const skip = await missing(join(ROOT, 'client'))
  if (skip) {
    t.pass('the generator', { skip })
    return
  }
  // npm may warn about settings of the machine.
  const { code = 0, stderr } = await node('scripts/client.ts', '--check').catch((error) => error)
  t.equal(code, 0, stderr)
})

t.test('openapi.json passes the strictest rules without a warning', async (t) => {
  const skip = await missing(join(ROOT, 'scripts/tools'))
  if (skip) {
    t.pass('the linter', { skip })
    return
  }
  const REDOCLY = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  const { stdout } = await run('sh', ['scripts/tool.sh', 'redocly', 'lint', '--format=json'], {
    cwd: ROOT,
    env: { ...process.env, ...REDOCLY }
  })
  t.match(JSON.parse(stdout).totals, { errors: 0, warnings: 0 })
})

t.test('generated files are written, or only compared', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'asyncprod-generated-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const [kept, stale, fresh] = ['kept', 'stale', 'new/fresh'].map((name) => join(folder, name))
  if (!kept || !stale || !fresh) return
  await writeFile(kept, 'old text')
  await writeFile(stale, 'text')
  const files = new Map([
    [kept, 'text'],
    [stale, null],
    [fresh, 'text']
  ])
  const { argv, exitCode } = process
  const [said, complained] = [t.capture(console, 'log'), t.capture(console, 'error')]

  process.argv = [...argv, '--check']
  await generate(files, 'the command')
  t.equal(process.exitCode, 1)
  t.equal(await readFile(kept, 'utf8'), 'old text')
  t.match(
    complained().map(({ args }) => args),
    [[/kept is not up to date: run the command$/], [/stale/], [/fresh/]]
  )

  process.argv = argv
  process.exitCode = exitCode
  await generate(files, 'the command')
  t.equal(await readFile(kept, 'utf8'), 'text')
  t.equal(await readFile(fresh, 'utf8'), 'text')
  await t.rejects(readFile(stale), { code: 'ENOENT' })
  t.match(
    said().map(({ args }) => args),
    [[/kept is written$/], [/stale is removed$/], [/fresh is written$/]]
  )

  process.argv = [...argv, '--check']
  await generate(files, 'the command')
  t.equal(process.exitCode, exitCode)
  process.argv = argv
})
