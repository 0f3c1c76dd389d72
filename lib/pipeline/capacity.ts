import { availableParallelism, totalmem } from 'node:os'

/**
 * Memory of a decoder for a picture that is decoded row by row. Other pictures may need more; limits.ts
 * bounds them.
 */
const BYTES_PER_DECODE = 150 * 1024 * 1024

/** Downloads for each core: at 25 ms of CPU and 400 ms of download a picture, these keep a core busy. */
const DOWNLOADS_A_CORE = 16

/**
 * One more than there are cores, so a core never waits for its next image: 59 instead of 55 images a second.
 */
export const MAX_AT_ONCE = availableParallelism() + 1

/** Share of memory for downloads if all have the maximum size. */
const SHARE_FOR_SOURCES = 0.25

/** The concurrency limits of a worker. */
export interface Capacity {
  /** Images compressed at once. */
  compress: number
  /** Images on their way at once: being downloaded, compressed or uploaded. */
  inFlight: number
}

/**
 * Returns how many images may be uploaded at once, if each has `others` objects besides its JPEG: so many
 * that the store gets no more objects at once than there are places.
 */
export function uploadsOf({ inFlight }: Capacity, others: number, maxPuts = inFlight): number {
  return Math.max(1, Math.floor(Math.min(maxPuts, inFlight) / (1 + others)))
}

/** Fitted to the cores and the memory of the machine, or of the container if that has less. */
export function capacityOf({
  concurrency,
  maxSourceBytes
}: {
  concurrency?: number | undefined
  maxSourceBytes: number
}): Capacity {
  const memory = Math.min(process.constrainedMemory() || totalmem(), totalmem())
  const decodes = Math.floor(memory / BYTES_PER_DECODE)
  const compress = concurrency ?? Math.max(1, Math.min(MAX_AT_ONCE, decodes))
  const sources = Math.floor((memory * SHARE_FOR_SOURCES) / maxSourceBytes)
  const inFlight = Math.max(2 * compress, Math.min(DOWNLOADS_A_CORE * compress, sources))
  return { compress, inFlight }
}
