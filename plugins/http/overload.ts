import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import fp from 'fastify-plugin'
import { PoolWaitEstimate } from '../../lib/database/pool-wait.ts'
import { AppError } from '../../lib/http/app-error.ts'

/** Above any of these the process refuses what it could answer only late. */
export interface Bounds {
  /** How late half of all timers fire, in milliseconds: 10 is a busy process, a second is a stuck one. */
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

/** One for all: to build an error with its stack was a sixth of a refusal, measured. */
const REFUSAL = new AppError('overloaded', 'The service is overloaded; retry later.')

/** Long enough that one stall, of a machine that was suspended or busy elsewhere, is not taken for overload. */
const SAMPLE_MS = 5000

/** Overload is refused, not suffered. Health, documentation and images are answered all the same. */
export default fp<{ bounds?: Partial<Bounds> }>(
  async (app, { bounds }) => {
    const { eventLoopDelayMs, heapBytes, waitMs } = { ...BOUNDS, ...bounds }
    const pace = new PoolWaitEstimate(app.pg.pool)
    const delays = monitorEventLoopDelay()
    let overloaded = false
    let timer: NodeJS.Timeout | undefined
    // Not before: to start is work for the event loop, too.
    app.addHook('onReady', async () => {
      delays.enable()
      timer = setInterval(() => {
        const delayMs = delays.percentile(50) / 1e6
        overloaded = delayMs > eventLoopDelayMs || process.memoryUsage().heapUsed > heapBytes
        delays.reset()
      }, SAMPLE_MS).unref()
    })
    app.addHook('onClose', async () => {
      clearInterval(timer)
      delays.disable()
    })
    app.addHook('onRequest', ({ routeOptions }, _reply, done) => {
      const isOpen = routeOptions.config.access === 'open'
      if (isOpen || (!overloaded && pace.waitMs <= waitMs)) return done()
      done(REFUSAL)
    })
  },
  { name: 'overload', dependencies: ['postgres'] }
)
