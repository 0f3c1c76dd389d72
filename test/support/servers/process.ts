import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect, Socket } from 'node:net'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { forget, watch } from './guard.ts'
import { descendants, isAlive } from './process-tree.ts'

const START_LIMIT_MS = 90_000
const STOP_LIMIT_MS = 30_000
const OUTPUT_KEPT = 8_000

export type Program = {
  command: string
  args: string[]
  cwd: string
  env?: NodeJS.ProcessEnv
  /** Who it runs as. Default: as oneself. */
  owner?: { uid: number; gid: number } | undefined
  /** What ends it at once and leaves nothing behind in the kernel. Default SIGKILL. */
  endSignal?: NodeJS.Signals
}

type Child = ChildProcessByStdio<null, Readable, Readable>

export type ServerProcess = {
  pid: number
  signal(signal: NodeJS.Signals): void
  /** Sends that signal, by default the one that ends it at once, and resolves when the whole process tree is gone. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Starts a server and resolves when it is ready: when it prints what the pattern matches, or listens on that port of
 * 127.0.0.1. It does not keep this process alive, and does not outlive it.
 * @throws when it ends before, or takes longer than 90 s; the message carries the end of its output
 */
export async function startProcess(program: Program, ready: RegExp | number): Promise<ServerProcess> {
  const { command, args, endSignal = 'SIGKILL' } = program
  const child = spawn(command, args, { ...place(program), stdio: ['ignore', 'pipe', 'pipe'] })
  const pid = await watched(child, endSignal)
  const exited = once(child, 'exit')
  const end = async (signal = endSignal) => {
    if (!isRunning(child)) return forget(pid)
    const below = descendants(pid)
    child.ref()
    const impatient = setTimeout(() => signalGroup(pid, 'SIGKILL'), STOP_LIMIT_MS)
    signalGroup(pid, signal)
    await exited
    clearTimeout(impatient)
    for (const orphan of below) signalOne(orphan, 'SIGKILL')
    while (below.some(isAlive)) await delay(5)
    forget(pid)
  }
  try {
    await becomeReady(child, ready)
  } catch (error) {
    await end()
    throw error
  }
  child.unref()
  for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref()
  return { pid, signal: (signal) => signalGroup(pid, signal), end }
}

/**
 * Runs a program to its end, even when this process ends before: the guard waits for it.
 * @throws when it fails; the message carries the end of its output
 */
export async function runProgram(program: Program): Promise<void> {
  const { command, args, cwd } = program
  const path = join(cwd, 'output')
  const file = openSync(path, 'a') // a pipe would break with this process, and the program with the pipe
  const child = spawn(command, args, { ...place(program), stdio: ['ignore', file, file] })
  closeSync(file)
  const pid = await watched(child, 'SIGCONT')
  const [code, signal]: unknown[] = await once(child, 'exit')
  forget(pid)
  const output = readFileSync(path, 'utf8').slice(-OUTPUT_KEPT)
  if (code !== 0) throw new Error(`${basename(command)} ended with ${signal ?? code}:\n${output}`)
}

function place({ cwd, env = process.env, owner }: Program) {
  return { cwd, env, ...owner, detached: true }
}

async function watched(child: ChildProcess, endSignal: NodeJS.Signals): Promise<number> {
  if (child.pid === undefined) {
    const [cause] = await once(child, 'error')
    throw new Error(`Cannot start ${child.spawnfile}`, { cause })
  }
  watch(child.pid, endSignal)
  return child.pid
}

async function becomeReady(child: Child, ready: RegExp | number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const output = collect(child, (text) => ready instanceof RegExp && ready.test(text) && resolve())
  const fail = (what: string) =>
    reject(new Error(`${basename(child.spawnfile)} ${what}:\n${output.text || '(it printed nothing)'}`))
  const onClose = (code: number | null, signal: string | null) =>
    fail(`ended with ${signal ?? code} instead of starting`)
  const limit = setTimeout(() => fail('did not become ready in time'), START_LIMIT_MS)
  child.once('close', onClose) // after exit, when all it printed has come in
  if (typeof ready === 'number') void listening(child, ready).then((up) => up && resolve())
  try {
    await promise
  } finally {
    clearTimeout(limit)
    child.off('close', onClose)
    output.drop()
  }
}

/** The end of what it prints, until it is dropped. From then on it prints to nobody, but is never held up. */
function collect(child: Child, onText: (text: string) => unknown = () => {}) {
  const streams = [child.stdout, child.stderr]
  const output = {
    text: '',
    drop() {
      for (const stream of streams) stream.off('data', listen).resume()
    }
  }
  const listen = (chunk: Buffer) => {
    output.text = (output.text + chunk).slice(-OUTPUT_KEPT)
    onText(output.text)
  }
  for (const stream of streams) stream.on('data', listen)
  return output
}

async function listening(child: Child, port: number): Promise<boolean> {
  while (isRunning(child)) {
    if (await accepts(port)) return true
    await delay(20)
  }
  return false
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
  })
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  signalOne(-leader, signal)
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it ended by itself in the meantime
  }
}
