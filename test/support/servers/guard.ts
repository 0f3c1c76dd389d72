import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { identify } from './process-tree.ts'

/**
 * One temporary folder for everything that this process starts, and a shell that waits for this process to
 * end. Exit handlers would miss SIGKILL and change what SIGTERM does; a pipe closes at every end alike.
 */
type Guard = { folder: string; shell: ChildProcess }

let guard: Guard | undefined

function guarded(): Guard {
  if (guard) return guard
  const folder = mkdtempSync(join(tmpdir(), 'asyncprod-'))
  chmodSync(folder, 0o711) // PostgreSQL refuses root: its user must reach the folder it owns in here
  mkdirSync(join(folder, 'pids'))
  const shell = spawn('/bin/sh', [join(import.meta.dirname, './guard.sh'), folder], {
    cwd: '/',
    detached: true, // Ctrl-C goes to the whole terminal group, and the guard has to outlive it
    stdio: ['pipe', 'ignore', 'ignore']
  })
  shell.unref()
  if (shell.stdin instanceof Socket) shell.stdin.unref()
  guard = { folder, shell }
  return guard
}

/** A fresh folder, removed when this process ends at the latest. Returns its path. */
export function createFolder(name: string): string {
  return mkdtempSync(join(guarded().folder, `${name}-`))
}

/** Sends that signal to the process group when this process ends. */
export function watch(group: number, signal: NodeJS.Signals): void {
  const line = `${signal.slice('SIG'.length)} ${identify(group).split('@')[1]}`
  writeFileSync(join(guarded().folder, 'pids', String(group)), line)
}

export function forget(group: number): void {
  rmSync(join(guarded().folder, 'pids', String(group)), { force: true })
}

/** Ends every server of this process at once and removes their folder. Resolves when all of it is gone. */
export async function endAll(): Promise<void> {
  if (!guard) return
  const { shell } = guard
  guard = undefined
  shell.ref()
  shell.stdin?.end()
  if (shell.exitCode === null) await once(shell, 'exit')
}
