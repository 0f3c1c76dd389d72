import type { ImageError } from '../image/error.ts'
import type { KillReason } from './diagnostics.ts'
import { tooMuchCpu, tooMuchMemory, tooSlow } from './failures.ts'
import { type Usage, usageOf } from './usage.ts'

/** The resources that one picture may use. */
export interface Limits {
  wallClockMs: number
  cpuSeconds: number
  residentBytes: number
}

type OnExcess = (reason: KillReason, error: ImageError) => void

const CHECK_MS = 100

/**
 * Calls `onExcess` when the process exceeds the limits from now on. The CPU baseline is read at the first
 * check, so a picture that ends earlier costs nothing. Returns a function that ends the watch.
 */
export function watch(pid: number, limits: Limits, onExcess: OnExcess): () => void {
  const deadline = performance.now() + limits.wallClockMs
  let before: number | undefined
  const timer = setInterval(() => {
    const usage = usageOf(pid)
    before ??= usage?.cpuSeconds
    check(usage, before ?? 0, performance.now() > deadline)
  }, CHECK_MS)
  return () => clearInterval(timer)

  function check(usage: Usage | null, cpuBefore: number, isLate: boolean): void {
    const { wallClockMs, cpuSeconds, residentBytes } = limits
    if (usage && usage.residentBytes > residentBytes) onExcess('memory', tooMuchMemory(residentBytes))
    else if (usage && usage.cpuSeconds - cpuBefore > cpuSeconds) onExcess('cpu', tooMuchCpu(cpuSeconds))
    else if (isLate) onExcess('wall_clock', tooSlow(wallClockMs / 1000))
  }
}
