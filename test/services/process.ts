import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { basename } from 'node:path'
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
  const { command, args, cwd, env = process.env, owner = {}, endSignal = 'SIGKILL' } = program
  const child = spawn(command, args, {
    cwd,
    env,
    ...owner,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`Cannot start ${command}`, { cause: await failure(child) })
  watch(pid, endSignal)
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
    await end('SIGKILL')
    throw error
  }
  child.unref()
  for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref()
  return { pid, signal: (signal) => signalGroup(pid, signal), end }
}

async function becomeReady(child: Child, ready: RegExp | number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const name = basename(child.spawnfile)
  let output = ''
  const fail = (what: string) => reject(new Error(`${name} ${what}:\n${output || '(it printed nothing)'}`))
  const listen = (chunk: Buffer) => {
    output = (output + chunk).slice(-OUTPUT_KEPT)
    if (ready instanceof RegExp && ready.test(output)) resolve()
  }
  const onExit = (code: number | null, signal: string | null) =>
    fail(`ended with ${signal ?? code} instead of starting`)
  const limit = setTimeout(() => fail('did not become ready in time'), START_LIMIT_MS)
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  child.once('exit', onExit)
  if (typeof ready === 'number') void listening(child, ready).then(resolve)
  try {
    await promise
  } finally {
    clearTimeout(limit)
    child.off('exit', onExit)
    child.stdout.off('data', listen).resume() // a full pipe would stop the server
    child.stderr.off('data', listen).resume()
  }
}

async function listening(child: Child, port: number): Promise<void> {
  while (isRunning(child) && !(await accepts(port))) await delay(20)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
  })
}

async function failure(child: ChildProcess): Promise<unknown> {
  const [error] = await once(child, 'error')
  return error
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
