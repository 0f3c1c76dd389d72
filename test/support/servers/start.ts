import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Program, SupervisedProcess } from './process.ts'

const START_LIMIT_MS = 90_000

/**
 * Starts a server. Resolves when it is ready: it printed a line that matches, or listens on that port of
 * 127.0.0.1. From then on it does not keep this process alive.
 * @throws when it ends before; after 90 s it is killed; the message carries the end of its output
 */
export async function startServer(program: Program, ready: RegExp | number): Promise<SupervisedProcess> {
  const server = new SupervisedProcess(program)
  const impatient = setTimeout(() => server.signal('SIGKILL'), START_LIMIT_MS)
  try {
    await (typeof ready === 'number' ? listening(server, ready) : server.said(ready))
  } finally {
    clearTimeout(impatient)
  }
  server.unref()
  return server
}

/**
 * Runs a program to its end, even when this process ends before: the guard waits for it.
 * @throws when it fails; the message carries the end of its output
 */
export async function runProgram(program: Program): Promise<void> {
  // A pipe would break with this process, and the program with the pipe.
  const log = join(program.cwd, 'output')
  const run = new SupervisedProcess({ ...program, log, endSignal: 'SIGCONT' })
  const { code } = await run.ended
  if (code !== 0) await run.failure('instead of 0')
}

async function listening(server: SupervisedProcess, port: number): Promise<void> {
  while (!(await accepts(port))) {
    if (!server.isRunning) await server.failure(`before it listened on port ${port}`)
    await delay(20)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
  })
}
