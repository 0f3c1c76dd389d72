import { ImageError } from '../image/error.ts'
import type { KillReason } from './diagnostics.ts'
import { type Usage, usageOf } from './usage.ts'

/** What one picture may take of its decoder. */
export interface Limits {
  wallClockMs: number
  cpuSeconds: number
  residentBytes: number
}

/** A picture went beyond a limit: why its decoder is killed, and why the picture failed. */
export interface Excess {
  reason: KillReason
  error: ImageError
}

const CHECK_MS = 100
const MB = 1024 * 1024

/**
 * Calls `onExcess` when the process takes more than the limits from now on. What it took before is read at the first check,
 * so a picture that is done by then costs nothing. Returns a function that ends the watch.
 */
export function watch(pid: number, limits: Limits, onExcess: (excess: Excess) => void): () => void {
  const deadline = performance.now() + limits.wallClockMs
  let before: number | undefined
  const timer = setInterval(() => {
    const usage = usageOf(pid)
    before ??= usage?.cpuSeconds
    const excess = excessOf(usage, before ?? 0, limits)
    if (excess) onExcess(excess)
    else if (performance.now() > deadline) onExcess(tooSlow(limits.wallClockMs / 1000))
  }, CHECK_MS)
  return () => clearInterval(timer)
}

function excessOf(usage: Usage | null, before: number, limits: Limits): Excess | undefined {
  if (!usage) return undefined
  if (usage.residentBytes > limits.residentBytes) return tooLarge(limits.residentBytes)
  if (usage.cpuSeconds - before > limits.cpuSeconds) return tooHeavy(limits.cpuSeconds)
  return undefined
}

const CURE = 'save it with another program and send that'

const tooSlow = (seconds: number): Excess => ({
  reason: 'wall_clock',
  error: new ImageError('timeout', `Decoding the image takes more than ${seconds} seconds: ${CURE}`)
})

const tooHeavy = (seconds: number): Excess => ({
  reason: 'cpu',
  error: new ImageError('timeout', `Decoding the image takes more than ${seconds} seconds of CPU: ${CURE}`)
})

const tooLarge = (bytes: number): Excess => ({
  reason: 'memory',
  error: new ImageError(
    'too_many_pixels',
    `Decoding the image takes more than ${Math.floor(bytes / MB)} MB of memory: send a smaller one`
  )
})
