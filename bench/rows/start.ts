import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { freePort } from '../../test/support/servers/port.ts'
import type { SupervisedProcess } from '../../test/support/servers/process.ts'
import { BenchProgram, startService, untilOk } from '../program.ts'
import type { Row } from '../row.ts'
import type { Sample } from '../sample.ts'

const ROOT = join(import.meta.dirname, '../..')

export const row: Row = {
  name: 'start',
  title: 'ROLE=api from exec to the first 200, as published',
  baseline: 'bare Fastify, pg and Redis from exec to the first 200',
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
    const startApi = (port: number) =>
      startService({ ...settings, ROLE: 'api', PORT: `${port}` }, join(ROOT, 'dist/cli.js'))
    await fillCompileCache(startApi)
    return {
      baseline: () =>
        timed('bare Fastify', (port) => new BenchProgram('bare-api.ts', { databaseUrl, redisUrl, port })),
      ours: () => timed('api', startApi)
    }
  }
}

/** Node writes the cache when a process ends by itself, and the rounds end theirs with SIGKILL. */
async function fillCompileCache(start: (port: number) => SupervisedProcess): Promise<void> {
  const port = await freePort()
  await using process = start(port)
  await untilOk(`http://127.0.0.1:${port}/health`, process)
  await process.stop('SIGTERM')
}
