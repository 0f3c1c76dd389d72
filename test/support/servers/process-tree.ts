import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** What processes took, by the kernel's account. */
export interface Usage {
  cpuSeconds: number
  /** Most that was resident at once since `forgetPeak`, of each process by itself. */
  peakBytes: number
}

/** A process, even if another gets its number when it has ended: `pid@start`. */
export type ProcessId = `${number}@${number}`

/** Linux counts CPU time in hundredths of a second, whatever its own clock does. */
const TICKS_A_SECOND = 100

/** The process that has that number now. */
export const identify = (pid: number): ProcessId => `${pid}@${readState(pid)?.started ?? 0}`

/** Whether that process runs. A zombie, dead but not yet collected by its parent, does not. */
export function isAlive(id: ProcessId): boolean {
  const state = readState(pidOf(id))
  if (state) return identify(pidOf(id)) === id && !'ZX'.includes(state.code)
  return signalTo(id, 0)
}

/** The processes below that one, children before grandchildren. Empty where there is no /proc. */
export const descendants = (root: number): ProcessId[] => pidsBelow(root).map(identify)

/** The parent of each process that runs. */
export type Parents = Map<number, number | undefined>

export const readParents = (): Parents => new Map(runningPids().map((pid) => [pid, readState(pid)?.parent]))

function pidsBelow(root: number, parents = readParents()): number[] {
  const found = [root]
  for (const ancestor of found) {
    for (const [pid, parent] of parents) if (parent === ancestor) found.push(pid)
  }
  return found.slice(1)
}

/** The processes that it has started itself. */
export const children = (root: number, parents: Parents) =>
  [...parents].flatMap(([pid, parent]) => (parent === root ? [pid] : []))

/** The name of its program, cut off after 15 characters. */
export const commandOf = (pid: number) => readState(pid)?.command ?? ''

/** Of a process and everything below it, what has ended included. Linux only. */
export function usageOf(root: number, parents?: Parents): Usage {
  const usage = { cpuSeconds: 0, peakBytes: 0 }
  for (const pid of [root, ...pidsBelow(root, parents)]) {
    usage.cpuSeconds += (readState(pid)?.ticks ?? 0) / TICKS_A_SECOND
    usage.peakBytes += readMemory(pid, 'status', 'VmHWM')
  }
  return usage
}

/**
 * Resident now, of a process and everything below it. A page that several processes share counts once:
 * decoders share most of theirs. The kernel looks at each page, which takes milliseconds. Linux only.
 */
export function residentBytesOf(root: number): number {
  return [root, ...pidsBelow(root)].reduce((sum, pid) => sum + readMemory(pid, 'smaps_rollup', 'Pss'), 0)
}

/** Starts the peak of a process and everything below it anew, where their users may. */
export function forgetPeak(root: number, parents?: Parents): void {
  for (const pid of [root, ...pidsBelow(root, parents)]) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5')
    } catch {
      // It has ended, or belongs to another user: then the peak is that of its life.
    }
  }
}

/** Returns whether the process was there to receive the signal. */
export function signalTo(id: ProcessId, signal: NodeJS.Signals | 0): boolean {
  if (identify(pidOf(id)) !== id) return false
  try {
    return process.kill(pidOf(id), signal)
  } catch {
    return false
  }
}

const pidOf = (id: ProcessId) => Number.parseInt(id, 10)

function runningPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

interface State {
  command: string
  code: string
  parent: number
  /** Its own, and those of its children that have ended. */
  ticks: number
  /** In ticks after the boot. */
  started: number
}

function readState(pid: number): State | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // From the third field on: utime, stime, cutime and cstime are the 14th to the 17th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [code = '', parent] = fields
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    return { command, code, parent: Number(parent), ticks, started: Number(fields[19]) }
  } catch {
    return undefined
  }
}

function readMemory(pid: number, file: string, field: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/${file}`, 'utf8')
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
