import { performance } from 'node:perf_hooks'

/** The part of the time since the last look in which this process's event loop was busy. */
export function watchEventLoop(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
}
