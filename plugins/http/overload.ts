import { type ELDHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import fp from 'fastify-plugin'
import { PoolWaitEstimate } from '../../lib/database/pool-wait.ts'
import { AppError } from '../../lib/http/app-error.ts'

/** Above any of these the process refuses requests. */
export interface Bounds {
  /** Median event-loop delay in milliseconds: 10 is a busy process, 1000 a stuck one. */
  eventLoopDelayMs: number
  /** Bytes on the JavaScript heap; near its limit all time goes into collecting garbage. */
  heapBytes: number
  /** How long a request would have to wait for a database connection, in milliseconds. */
  waitMs: number
}

const BOUNDS: Bounds = {
  eventLoopDelayMs: 1000,
  heapBytes: getHeapStatistics().heap_size_limit * 0.9,
  waitMs: 1000
}

/** One for all: an error with a stack of its own took a sixth of a refusal. */
const REFUSAL = new AppError('overloaded', 'The service is overloaded; retry later.')

/** Between two looks. */
const WINDOW_MS = 5000

/**
 * A look with fewer delays decides nothing about them; they count at the next one. A machine that was
 * suspended or starved brings a single long one, which may be the only one.
 */
const MIN_DELAYS = 3

/**
 * Refuses requests under overload, except for health, documentation and images. Not
 * @fastify/under-pressure: it costs the same, but goes by the mean delay, which one stall raises, and polls
 * the pool, so that a burst is let in.
 */
export default fp<{ bounds?: Partial<Bounds>; delays?: ELDHistogram }>(
  async (app, { bounds, delays = monitorEventLoopDelay() }) => {
    const { eventLoopDelayMs, heapBytes, waitMs } = { ...BOUNDS, ...bounds }
    const pace = new PoolWaitEstimate(app.pg.pool)
    let isLate = false
    let isFull = false
    let timer: NodeJS.Timeout | undefined
    // Not before: to start is work for the event loop, too.
    app.addHook('onReady', async () => {
      delays.enable()
      timer = setInterval(() => {
        isFull = process.memoryUsage().heapUsed > heapBytes
        if (delays.count < MIN_DELAYS) return
        isLate = delays.percentile(50) / 1e6 > eventLoopDelayMs
        delays.reset()
      }, WINDOW_MS).unref()
    })
    app.addHook('onClose', async () => {
      clearInterval(timer)
      delays.disable()
    })
    app.addHook('onRequest', ({ routeOptions }, _reply, done) => {
      const isOpen = routeOptions.config.access === 'open'
      if (isOpen || (!isLate && !isFull && pace.waitMs <= waitMs)) return done()
      done(REFUSAL)
    })
  },
  { name: 'overload', dependencies: ['postgres'] }
)
