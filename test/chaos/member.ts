import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { forget, watch } from '../support/servers/guard.ts'

export type Role = 'api' | 'worker' | 'all'
export type Settings = Record<string, string>

const SERVER = join(import.meta.dirname, '../../server.ts')
const READY = 'AsyncProd is ready'
const LINES_KEPT = 15
const START_LIMIT_MS = 120_000

/** One place in the fleet, and the process that fills it at the moment. */
export class Member {
  readonly name: string
  readonly role: Role
  readonly url: string
  readonly #settings: Settings
  readonly #onLine: (line: string) => void
  readonly #tail: string[] = []
  #child: ChildProcess | undefined
  #killed = false

  constructor(name: string, role: Role, port: number, settings: Settings, onLine: (line: string) => void) {
    this.name = name
    this.role = role
    this.url = `http://127.0.0.1:${port}`
    this.#settings = { ...settings, ROLE: role, PORT: `${port}` }
    this.#onLine = onLine
  }

  /** Resolves when the process is ready, or has been killed before. Rejects when it ends by itself. */
  async start(cwd: string): Promise<void> {
    this.#killed = false
    const env = { PATH: process.env.PATH, HOME: cwd, ...this.#settings }
    const child = spawn(process.execPath, [SERVER], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    this.#child = child
    if (child.pid !== undefined) watch(child.pid, 'SIGKILL')
    const ready = Promise.withResolvers<void>()
    for (const stream of [child.stdout, child.stderr]) this.#follow(stream, ready.resolve)
    const impatient = setTimeout(
      () => ready.reject(new Error(`${this.name} does not start:\n${this.lastLines}`)),
      START_LIMIT_MS
    )
    child.once('exit', () => {
      if (child.pid !== undefined) forget(child.pid)
      if (this.#killed) ready.resolve()
      else ready.reject(new Error(`${this.name} does not start:\n${this.lastLines}`))
    })
    await ready.promise.finally(() => clearTimeout(impatient))
  }

  /** Resolves when the process has ended: with the story if nobody here asked for it, else with null. */
  async crash(): Promise<string | null> {
    const child = this.#child
    if (!child) return null
    if (isRunning(child)) await once(child, 'exit')
    return this.#killed
      ? null
      : `${this.name} ended with ${child.signalCode ?? child.exitCode}:\n${this.lastLines}`
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} has not been started`)
    return this.#child.pid
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (!child || !isRunning(child)) return null
    this.#killed = true
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
    return child.exitCode
  }

  get lastLines(): string {
    return this.#tail.join('\n')
  }

  #follow(stream: Readable | null, ready: () => void): void {
    if (!stream) return
    createInterface({ input: stream }).on('line', (line) => {
      this.#tail.push(line)
      if (this.#tail.length > LINES_KEPT) this.#tail.shift()
      if (line.includes(READY)) ready()
      this.#onLine(`${this.name} ${line}`)
    })
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}
