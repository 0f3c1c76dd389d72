import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { Fence } from './fence.ts'

export type DecoderChild = ChildProcessByStdio<Writable, Readable, Readable>

const PRIORITY = 10
/**
 * Highest score: a kernel that runs out of memory ends a decoder rather than the process that holds the jobs.
 */
const OOM_SCORE = '1000'
const ROOT = '/'

/**
 * Starts a decoder in an empty folder of its own. Call `removeFolder` once the decoder runs or has failed:
 * nothing can be created in a deleted folder, so nothing is left behind.
 */
export function spawnDecoder({ command, args, env }: Fence): {
  child: DecoderChild
  removeFolder: () => void
} {
  const folder = emptyFolder()
  // A process group of its own: what a terminal sends to the parent's does not reach it.
  const child = spawn(command, args, { cwd: folder, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  return {
    child,
    removeFolder: () => void (folder !== ROOT && rmSync(folder, { recursive: true, force: true }))
  }
}

export function lowerPriority(pid: number): void {
  try {
    setPriority(pid, PRIORITY)
    if (process.platform === 'linux') writeFileSync(`/proc/${pid}/oom_score_adj`, OOM_SCORE)
  } catch {
    // It has ended already, or the system refuses; neither concerns a picture.
  }
}

/** Returns `/` where no folder can be created. */
function emptyFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'asyncprod-decoder-'))
  } catch {
    return ROOT
  }
}
