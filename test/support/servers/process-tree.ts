import { readdirSync, readFileSync } from 'node:fs'

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

function runningPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

function readState(pid: number): { code: string; parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [code = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { code, parent: Number(parent) }
  } catch {
    return undefined
  }
}
