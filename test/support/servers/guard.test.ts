import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { needsOwn } from './needs.ts'
import { isAlive, type ProcessId } from './process-tree.ts'

const program = (ending: string) => `
  import { createFolder } from '${import.meta.dirname}/guard.ts'
  import { descendants } from '${import.meta.dirname}/process-tree.ts'
  import { startPostgres } from '${import.meta.dirname}/postgres.ts'
  import { startRedis } from '${import.meta.dirname}/redis.ts'
  await Promise.all([startPostgres(), startRedis()])
  console.log(JSON.stringify({ pids: descendants(process.pid), folder: createFolder('any') }))
  ${ending}`

const stay = 'setInterval(() => {}, 1000)'

for (const [how, ending, signal] of [
  ['comes to its end', '', undefined],
  ['throws', 'throw new Error("on purpose")', undefined],
  ['gets SIGTERM', stay, 'SIGTERM'],
  ['is interrupted', stay, 'SIGINT'],
  ['is killed', stay, 'SIGKILL']
] as const) {
  t.test(
    `the servers of a process end, and their folder goes, when it ${how}`,
    needsOwn('postgres', 'redis'),
    async (t) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program(ending)], {
        stdio: ['ignore', 'pipe', 'ignore']
      })
      const exited = once(child, 'exit')
      const [line] = await once(child.stdout, 'data')
      const { pids, folder }: { pids: ProcessId[]; folder: string } = JSON.parse(line)
      t.ok(pids.length > 3)

      if (signal) child.kill(signal)
      await exited

      // there is no event for the end of a process that is not one's own child
      while (pids.some(isAlive)) await delay(20)
      t.notOk(existsSync(folder))
    }
  )
}
