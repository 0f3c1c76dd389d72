import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createFolder } from '../test/support/servers/guard.ts'
import { SupervisedProcess } from '../test/support/servers/process.ts'
import { SERVER, Service, type Settings } from '../test/support/service.ts'

const PROGRAMS = join(import.meta.dirname, 'programs')

/** One of bench/programs, or another file, in a process of its own. Its output goes to a file. */
export class BenchProgram extends SupervisedProcess {
  constructor(file: string, options: unknown, env: Settings = {}) {
    const cwd = createFolder('program')
    const args = [resolve(PROGRAMS, file), JSON.stringify(options)]
    super({
      command: process.execPath,
      args,
      cwd,
      env: { ...process.env, ...env },
      log: join(cwd, 'log'),
      ipc: true
    })
  }

  /** Sends a question to a program that reads them one by one. Resolves with its response. */
  ask<T>(question: object): Promise<T> {
    const response = this.message<T>()
    this.child.send(question)
    return response
  }

  /**
   * Resolves with the next message: the first says that the program is ready. Rejects when it ends before.
   */
  async message<T>(): Promise<T> {
    const [message] = await Promise.race([once(this.child, 'message'), this.failure('before its message')])
    return message
  }
}

/** As `npm start` sets them. */
const NODE_OPTIONS = ['--min-semi-space-size=4', '--max-semi-space-size=4']
const ENVIRONMENT = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../node_modules/.cache/asyncprod'),
  MALLOC_MMAP_THRESHOLD_: '131072'
}

/**
 * `npm start`, or another file of ours, with those settings and no others. Its log goes to a file. With
 * options of Node's it ends by itself: a process that is killed writes no profile.
 */
export function startService(settings: Settings, file = SERVER): Service {
  const cwd = createFolder('product')
  const options = process.env.BENCH_NODE_OPTIONS?.split(' ') ?? []
  const endSignal = options.length > 0 ? 'SIGTERM' : 'SIGKILL'
  const args = [...NODE_OPTIONS, ...options, file]
  return new Service({ ...ENVIRONMENT, ...settings }, { args, cwd, log: join(cwd, 'log'), endSignal })
}

/** Looking without a pause would take a core from what is measured. */
const LOOK_MS = 2

/** Requests the URL every two milliseconds until the response is 200. Rejects if the process ends before. */
export async function untilOk(url: string, process: SupervisedProcess): Promise<void> {
  while (!(await isOk(url))) {
    if (!process.isRunning) await process.failure(`before it served ${url}`)
    await wait(LOOK_MS)
  }
}

async function isOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}
