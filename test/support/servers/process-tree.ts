import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** What processes took, by the kernel's account. */
export interface Usage {
  cpuSeconds: number
  /** Resident now. */
  residentBytes: number
  /** Most that was resident at once since `forgetPeak`, of each process by itself. */
  peakBytes: number
}

/** Linux counts CPU time in hundredths of a second, whatever its own clock does. */
const TICKS_A_SECOND = 100

/** Whether that process runs. A zombie, dead but not yet collected by its parent, does not. */
export function isAlive(pid: number): boolean {
  const state = readState(pid)
  if (state) return !'ZX'.includes(state.code)
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The processes below that one, children before grandchildren. Empty where there is no /proc. */
export function descendants(root: number): number[] {
  const parents = new Map(runningPids().map((pid) => [pid, readState(pid)?.parent]))
  const found = [root]
  for (const ancestor of found) {
    for (const [pid, parent] of parents) if (parent === ancestor) found.push(pid)
  }
  return found.slice(1)
}

/** The processes that it has started itself. */
export const children = (root: number) => runningPids().filter((pid) => readState(pid)?.parent === root)

/** The name of its program, cut off after 15 characters. */
export const commandOf = (pid: number) => readState(pid)?.command ?? ''

/** Of a process and everything below it, what has ended included. Linux only. */
export function usageOf(root: number): Usage {
  const usage = { cpuSeconds: 0, residentBytes: 0, peakBytes: 0 }
  for (const pid of [root, ...descendants(root)]) {
    usage.cpuSeconds += (readState(pid)?.ticks ?? 0) / TICKS_A_SECOND
    usage.residentBytes += readMemory(pid, 'VmRSS')
    usage.peakBytes += readMemory(pid, 'VmHWM')
  }
  return usage
}

/** Starts the peak of a process and everything below it anew, where their users may. */
export function forgetPeak(root: number): void {
  for (const pid of [root, ...descendants(root)]) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5')
    } catch {
      // It has ended, or belongs to another user: then the peak is that of its life.
    }
  }
}

/** Nothing happens when the process has ended. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it ended in the meantime
  }
}

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
}

function readState(pid: number): State | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // From the third field on: utime, stime, cutime and cstime are the 14th to the 17th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [code = '', parent] = fields
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    return { command, code, parent: Number(parent), ticks }
  } catch {
    return undefined
  }
}

function readMemory(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
