import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Owner } from './owner.ts'
import { createFolder, forget, watch } from './servers/guard.ts'
import { startedFolder } from './template.ts'

const SERVER = join(import.meta.dirname, '../../server.ts')

export interface ServiceProcess {
  /** Everything that it printed so far, line by line. */
  lines: string[]
  /** Resolves with the first line that matches, be it there or yet to come. Rejects when it ends without. */
  said(pattern: RegExp): Promise<string>
  /** Resolves with its address when it serves. */
  ready(): Promise<string>
  signal(signal: NodeJS.Signals): void
  /** Resolves when it has ended. */
  ended: Promise<{ code: number | null; signal: string | null }>
}

/** A folder for embedded data, as a first start leaves it. */
export async function dataFolder(t: Owner): Promise<string> {
  const folder = createFolder('data')
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await cp(await startedFolder(), folder, { recursive: true })
  return folder
}

/** Starts the service as its own process on a free port, with these settings and no others. */
export function startService(t: Owner, settings: Record<string, string>): ServiceProcess {
  const cwd = createFolder('cwd')
  const env = { PATH: process.env.PATH, HOME: cwd, PORT: '0', DATA_DIR: join(cwd, 'data'), ...settings }
  const child = spawn(process.execPath, [SERVER], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const { pid } = child
  if (pid === undefined) throw new Error('The service cannot be spawned')
  watch(pid, 'SIGKILL')

  const lines: string[] = []
  const news = new EventEmitter()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      news.emit('line')
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => {
    forget(pid)
    news.emit('line')
    return { code, signal }
  })
  let isOver = false
  void ended.then(() => {
    isOver = true
    news.emit('line')
  })
  const said = async (pattern: RegExp) => {
    for (;;) {
      const line = lines.find((line) => pattern.test(line))
      if (line !== undefined) return line
      if (isOver) throw new Error(`It ended without ${pattern}:\n${lines.join('\n')}`)
      await once(news, 'line')
    }
  }
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
    await rm(cwd, { recursive: true, force: true })
  })
  return {
    lines,
    said,
    async ready() {
      const { documentation } = JSON.parse(await said(/AsyncProd is ready/))
      return String(documentation).replace(/\/documentation$/, '')
    },
    signal: (signal) => void child.kill(signal),
    ended
  }
}
