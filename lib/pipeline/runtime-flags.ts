import { setFlagsFromString } from 'node:v8'
import { MAX_AT_ONCE } from './capacity.ts'

/** Files and DNS share libuv's threads with the images that are being compressed. */
const THREADS_FOR_OTHERS = 4

/**
 * Megabytes. V8 doubles it while little of it lives on, as with downloads: 134 MB of young generation, and 348 MB resident after
 * 800 six-megapixel images instead of 250 MB, at the same CPU, measured.
 */
const YOUNG_GENERATION = '--max-semi-space-size=8'

/**
 * What libuv, glibc and V8 read from the environment before any of our code runs, as far as nobody has set it. With the default
 * of eight arenas a core glibc keeps what it frees: 253 MB instead of 207 MB after 1,200 six-megapixel images, measured.
 * Null when nothing is missing, or nothing is compressed in this process.
 */
export function missingNativeSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv | null {
  const { NODE_OPTIONS = '', ROLE } = env
  const isSet = NODE_OPTIONS.includes('--max-semi-space-size')
  if (ROLE === 'api' || (env.MALLOC_ARENA_MAX && env.UV_THREADPOOL_SIZE && isSet)) return null
  const images = Number(env.WORKER_CONCURRENCY) || MAX_AT_ONCE
  return {
    MALLOC_ARENA_MAX: '2',
    UV_THREADPOOL_SIZE: String(images + THREADS_FOR_OTHERS),
    ...env,
    NODE_OPTIONS: isSet ? NODE_OPTIONS : `${NODE_OPTIONS} ${YOUNG_GENERATION}`.trim()
  }
}

/**
 * Lets V8's old generation grow by half of what lives before it is collected: 40 MB instead of 65 MB after 1,000 images, and growing.
 * V8 takes it while it runs, and not from the environment.
 */
export function boundHeap(env: NodeJS.ProcessEnv): void {
  if (env.ROLE !== 'api') setFlagsFromString('--heap-growing-percent=50')
}
