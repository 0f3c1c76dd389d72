import { availableParallelism, totalmem } from 'node:os'
import type { Config } from './config.ts'

/** What one image needs at most while it is decoded, for pictures of the largest size that is let in: measured, rounded up. */
const BYTES_PER_IMAGE = 150 * 1024 * 1024

/** Images that wait for somebody else (an origin, the bucket) for each one that a core works on. */
const WAITING_PER_WORKING = 3

/** Images compressed at once: one a core, fewer where memory is short. Container limits count. */
export function imagesAtOnce({ WORKER_CONCURRENCY }: Config): number {
  const memory = process.constrainedMemory() || totalmem()
  const fitting = Math.floor(Math.min(memory, totalmem()) / BYTES_PER_IMAGE)
  return WORKER_CONCURRENCY ?? Math.max(1, Math.min(availableParallelism(), fitting))
}

/** Images on their way at once: being downloaded, compressed or uploaded. */
export function imagesInFlight(config: Config): number {
  return imagesAtOnce(config) * (1 + WAITING_PER_WORKING)
}
