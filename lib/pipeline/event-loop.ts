import { performance } from 'node:perf_hooks'

/** Returns a function that returns in which share of the time since its last call the event loop was busy. */
export function watchEventLoop(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
}
