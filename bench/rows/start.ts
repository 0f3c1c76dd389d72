import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { freePort } from '../../test/support/servers/port.ts'
import type { SupervisedProcess } from '../../test/support/servers/process.ts'
import { BenchProgram, startService, untilOk } from '../program.ts'
import type { Row } from '../row.ts'
import type { Sample } from '../sample.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Below the packages that it imports. */
const BARE_API = join(ROOT, 'bench/results/bare-api.mjs')

export const row: Row = {
  name: 'start',
  title: 'ROLE=api from exec to the first 200, as published',
  baseline: 'bare Fastify, pg and Redis as JavaScript from exec to the first 200',
  figures: [{ name: 'milliseconds', unit: 'ms', reach: { atMost: 1.6 } }],
  rounds: ({ rounds }) => 2 * rounds,
  async open(environment, _size, stack) {
    const setup = await environment.setup(stack)
    const timed = async (name: string, start: (port: number) => SupervisedProcess): Promise<Sample> => {
      const port = await freePort()
      const close = environment.accounts.open()
      const started = performance.now()
      await using process = start(port)
      environment.accounts.name(process.pid, name)
      await untilOk(`http://127.0.0.1:${port}/health`, process)
      const milliseconds = performance.now() - started
      return { values: { milliseconds }, usage: close() }
    }
    const { databaseUrl, redisUrl, settings } = setup
    execFileSync('sh', [join(ROOT, 'scripts/bundle/bundle.sh')])
    bundleBareApi()
    const startApi = (port: number) =>
      startService({ ...settings, ROLE: 'api', PORT: `${port}` }, join(ROOT, 'dist/cli.js'))
    await fillCompileCache(startApi)
    return {
      baseline: () =>
        timed('bare Fastify', (port) => new BenchProgram(BARE_API, { databaseUrl, redisUrl, port })),
      ours: () => timed('api', startApi)
    }
  }
}

/** One file of JavaScript: for TypeScript, Node would load its type stripper, 50 of 215 ms. */
function bundleBareApi(): void {
  const source = join(ROOT, 'bench/programs/bare-api.ts')
  const options = [
    '--bundle',
    '--format=esm',
    '--platform=node',
    '--packages=external',
    '--log-level=warning'
  ]
  execFileSync(join(ROOT, 'scripts/bundle/node_modules/.bin/esbuild'), [
    source,
    ...options,
    `--outfile=${BARE_API}`
  ])
}

/** A later start finds its modules compiled, as that of an installed package does. */
async function fillCompileCache(start: (port: number) => SupervisedProcess): Promise<void> {
  const port = await freePort()
  await using process = start(port)
  await untilOk(`http://127.0.0.1:${port}/health`, process)
  await process.stop('SIGTERM')
}
