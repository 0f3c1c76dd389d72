import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, on, once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { forget, watch } from './guard.ts'
import { descendants, isAlive, residentBytesOf, signalTo, type Usage, usageOf } from './process-tree.ts'

const STOP_LIMIT_MS = 30_000
const LINES_KEPT = 5000
const LINES_SHOWN = 30

export interface Program {
  command: string
  args: string[]
  cwd: string
  env?: NodeJS.ProcessEnv
  /** The user that it runs as. Default: one's own. */
  owner?: { uid: number; gid: number } | undefined
  /** Ends it at once and leaves nothing behind in the kernel. Default SIGKILL. */
  endSignal?: NodeJS.Signals
  /** A file for what it prints, instead of `lines`: reading a pipe would cost this process time. */
  log?: string
  /** Whether messages can be sent to it and received through `child`. */
  ipc?: boolean
}

export interface Ended {
  code: number | null
  signal: string | null
}

/** A process of this run, leader of a group of its own. It does not outlive this process. */
export class SupervisedProcess extends EventEmitter<{ line: [string]; close: [] }> {
  readonly name: string
  readonly pid: number
  readonly child: ChildProcess
  /** What it printed so far, or the end of that. */
  readonly lines: string[] = []
  /** Resolves when it has ended and all that it printed has been read. */
  readonly ended: Promise<Ended>
  readonly #endSignal: NodeJS.Signals
  readonly #log: string | undefined
  #isOver = false

  /** @throws when there is no such program */
  constructor({ command, args, cwd, env = process.env, owner, endSignal = 'SIGKILL', log, ipc }: Program) {
    super()
    const output = log === undefined ? 'pipe' : openSync(log, 'a')
    this.name = basename(command)
    this.child = spawn(command, args, {
      cwd,
      env,
      ...owner,
      detached: true,
      stdio: ['ignore', output, output, ...(ipc ? (['ipc'] as const) : [])]
    })
    this.child.on('error', () => undefined)
    if (typeof output === 'number') closeSync(output)
    if (this.child.pid === undefined) throw new Error(`Cannot start ${command}`)
    this.pid = this.child.pid
    this.#endSignal = endSignal
    this.#log = log
    watch(this.pid, endSignal)
    for (const stream of [this.child.stdout, this.child.stderr])
      if (stream) createInterface(stream).on('line', (line) => this.#read(line))
    this.ended = this.#end()
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** The end of what it printed, for a message. */
  get lastLines(): string {
    const lines = this.#log === undefined ? this.lines : readFileSync(this.#log, 'utf8').trimEnd().split('\n')
    return lines.slice(-LINES_SHOWN).join('\n') || '(it printed nothing)'
  }

  /** Resolves with the first line that matches, printed or yet to come. Rejects when it ends without one. */
  async said(pattern: RegExp): Promise<string> {
    const known = this.lines.find((line) => pattern.test(line))
    if (known !== undefined) return known
    if (!this.#isOver)
      for await (const [line] of on(this, 'line', { close: ['close'] })) if (pattern.test(line)) return line
    return this.failure(`before it printed ${pattern}`)
  }

  /** Rejects when it has ended, with how and what it printed. */
  async failure(what: string): Promise<never> {
    const { code, signal } = await this.ended
    throw new Error(`${this.name} ended with ${signal ?? code} ${what}:\n${this.lastLines}`)
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Stops the clock of its process tree: connections stay open, and nothing responds. */
  freeze(): void {
    this.#signalTree('SIGSTOP')
  }

  thaw(): void {
    this.#signalTree('SIGCONT')
  }

  /** What its process tree took. */
  usage(): Usage {
    return usageOf(this.pid)
  }

  /** What is resident of its process tree now. */
  residentBytes(): number {
    return residentBytesOf(this.pid)
  }

  /** Sends that signal, by default the one that ends it at once. Resolves when its process tree is gone. */
  async stop(signal = this.#endSignal): Promise<Ended> {
    if (!this.isRunning) return this.ended
    const below = descendants(this.pid)
    this.#hold('ref')
    const impatient = setTimeout(() => this.signal('SIGKILL'), STOP_LIMIT_MS)
    this.signal(signal)
    await once(this.child, 'exit')
    clearTimeout(impatient)
    for (const id of below) signalTo(id, 'SIGKILL')
    while (below.some(isAlive)) await delay(5)
    return this.ended
  }

  /** It no longer keeps this process alive. */
  unref(): void {
    this.#hold('unref')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #signalTree(signal: NodeJS.Signals): void {
    this.signal(signal)
    for (const id of descendants(this.pid)) signalTo(id, signal)
  }

  #hold(change: 'ref' | 'unref'): void {
    const { child } = this
    for (const handle of [child, child.stdout, child.stderr])
      if (handle === child || handle instanceof Socket) handle[change]()
  }

  #read(line: string): void {
    if (this.lines.push(line) > LINES_KEPT) this.lines.shift()
    this.emit('line', line)
  }

  async #end(): Promise<Ended> {
    const [code, signal] = await once(this.child, 'close')
    forget(this.pid)
    this.#isOver = true
    this.emit('close')
    return { code, signal }
  }
}
