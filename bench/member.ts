import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFolder, forget, watch } from '../test/support/servers/guard.ts'

const SERVER = join(import.meta.dirname, '../server.ts')
const PROGRAMS = join(import.meta.dirname, 'programs')
const KEPT = 4000

/** A process of this run. It does not outlive it. */
export class Member implements AsyncDisposable {
  readonly name: string
  readonly pid: number
  readonly #child: ChildProcess
  readonly #log: string

  private constructor(name: string, child: ChildProcess, log: string) {
    if (child.pid === undefined) throw new Error(`${name} cannot be started`)
    this.name = name
    this.pid = child.pid
    this.#child = child
    this.#log = log
    watch(this.pid, 'SIGKILL')
  }

  /** The product as it is: `node server.ts` with those variables and no others. Its log goes to a file. */
  static product(name: string, variables: Record<string, string>): Member {
    const cwd = createFolder('product')
    const log = join(cwd, 'log')
    const output = openSync(log, 'w')
    const env = { PATH: process.env.PATH, HOME: cwd, ...variables }
    const args = [...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? []), SERVER]
    return new Member(
      name,
      spawn(process.execPath, args, { cwd, env, detached: true, stdio: ['ignore', output, output] }),
      log
    )
  }

  /** One of bench/programs, ready when it has said so. */
  static async program<T>(name: string, file: string, options: unknown, env = {}): Promise<[Member, T]> {
    const member = Member.start(name, file, options, env)
    return [member, await member.#answer<T>()]
  }

  /** One of bench/programs, not yet ready. */
  static start(name: string, file: string, options: unknown, env = {}): Member {
    const log = join(createFolder('program'), 'log')
    const output = openSync(log, 'w')
    const child = fork(join(PROGRAMS, file), [JSON.stringify(options)], {
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', output, output, 'ipc']
    })
    return new Member(name, child, log)
  }

  /** Asks a program that reads its messages one by one. */
  async ask<T>(question: unknown): Promise<T> {
    const answer = this.#answer<T>()
    this.#child.send(question as object)
    return await answer
  }

  /** Resolves when the URL is answered with 200, and asks again and again until then. */
  async ready(url: string): Promise<void> {
    while (!(await isOk(url))) if (this.#child.exitCode !== null) throw this.#failure()
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit')
      this.#child.kill(signal)
      await exited
    }
    forget(this.pid)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end()
  }

  async #answer<T>(): Promise<T> {
    const ended = new AbortController()
    const exit = once(this.#child, 'exit', { signal: ended.signal }).then(() => {
      throw this.#failure()
    })
    exit.catch(() => undefined)
    try {
      const [answer] = await Promise.race([once(this.#child, 'message', { signal: ended.signal }), exit])
      return answer
    } finally {
      ended.abort()
    }
  }

  #failure(): Error {
    return new Error(`${this.name} has ended:\n${readFileSync(this.#log, 'utf8').slice(-KEPT)}`)
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
