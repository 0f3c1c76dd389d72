import { readFileSync } from 'node:fs'

/** What a process has used so far, as the system counts it. */
export interface Usage {
  cpuSeconds: number
  residentBytes: number
}

// Both are 100 and 4096 wherever Linux counts them for programs like ours, except that pages can be larger on
// ARM and POWER.
const TICKS_A_SECOND = 100
const KIB = 1024

/** Returns what the process uses, or null where the system does not say: only Linux does. */
export function usageOf(pid: number): Usage | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name in the second field may hold anything, parentheses and blanks as well.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])]
    return { cpuSeconds: (userTicks + systemTicks) / TICKS_A_SECOND, residentBytes: residentBytes(pid) }
  } catch {
    return null
  }
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * KIB
}
