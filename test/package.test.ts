import { execFile } from 'node:child_process'
import { globSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { createFolder } from './support/servers/guard.ts'

const ROOT = join(import.meta.dirname, '..')
const execute = promisify(execFile)

/** Without NODE_OPTIONS, in which tap has its children load modules that break the compiler. */
const run = (command: string, args: string[], cwd = ROOT) =>
  execute('sh', ['-c', 'unset NODE_OPTIONS; exec "$0" "$@"', command, ...args], { cwd })

t.setTimeout(600_000)

/** A project that has nothing but the packed package, and finds its dependencies where ours are. */
const project = createFolder('project')
const folder = join(project, 'node_modules/asyncprod')

t.before(async () => {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project])
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')))
  mkdirSync(folder, { recursive: true })
  await run('tar', ['-xzf', join(project, filename), '-C', folder, '--strip-components=1'])
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
})

t.test('the package holds what runs, and what belongs to it', async (t) => {
  t.strictSame(readdirSync(folder).sort(), [
    '.env.example',
    'LICENSE',
    'README.md',
    'console',
    'dist',
    'node_modules',
    'openapi.json',
    'package.json',
    'sql'
  ])
  const files = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' })
  t.strictSame(
    files.filter((name) => /^(test|bench|chaos)\/|\.ts$/.test(name) && !name.endsWith('.d.ts')),
    []
  )
})

t.test('its command runs', async (t) => {
  const { stdout } = await run(process.execPath, [join(folder, 'dist/cli.js'), '--version'])
  t.match(stdout, /^\d+\.\d+\.\d+\n$/)
})

t.test('its demo makes pictures of every kind and ends', async (t) => {
  const { stdout } = await run(process.execPath, [join(folder, 'dist/cli.js'), 'demo'], project)
  t.equal(stdout.match(/ done {2}.* → /g)?.length, 4)
})

t.test('its files include TypeBox, of which a start would load 200', async (t) => {
  t.match(readFileSync(join(folder, 'dist/LICENSE-typebox'), 'utf8'), /MIT License/)
  const files = globSync('dist/**/*.js', { cwd: folder }).map((name) =>
    readFileSync(join(folder, name), 'utf8')
  )
  t.strictSame(
    files.flatMap((text) => text.match(/(from|import|require).*"@sinclair[^"]*"/g) ?? []),
    []
  )
})

t.test('what fences decoders is in dist/lib/chunks, so that they read nothing above dist/lib', async (t) => {
  const fences = globSync('dist/**/*.js', { cwd: folder }).filter((name) =>
    readFileSync(join(folder, name), 'utf8').includes('--allow-fs-read=')
  )
  t.equal(fences.length, 1)
  t.match(fences[0], /^dist\/lib\/chunks\//)
})

t.test('a program of its users builds the service, injects, and closes it', async (t) => {
  const program = `
    import { buildApp, loadConfig } from 'asyncprod'
    const app = await buildApp(loadConfig({ DATA_DIR: 'data', LOG_LEVEL: 'silent' }))
    const reply = await app.inject('/health')
    await app.close()
    console.log(reply.body)`
  writeFileSync(join(project, 'program.mjs'), program)
  const { stdout } = await run(process.execPath, ['program.mjs'], project)
  t.equal(stdout, '{"status":"healthy","database":"connected"}\n')
})

t.test('its types are found, and an error in their use is reported', async (t) => {
  const program = `
    import { buildApp, type Config, loadConfig } from 'asyncprod'
    const config: Config = loadConfig({})
    export const app: Promise<{ close(): unknown }> = buildApp(config)
    config.server.port = 'http'`
  writeFileSync(join(project, 'program.mts'), program)
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024']
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const types = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node']
  const checked = await run(process.execPath, [tsc, ...options, ...types, 'program.mts'], project).catch(
    (error) => error
  )
  t.equal(
    checked.stdout,
    "program.mts(5,5): error TS2322: Type 'string' is not assignable to type 'number'.\n"
  )
})
