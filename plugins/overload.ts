import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../lib/errors.ts'

/** Above any of these the process refuses what it could answer only late. */
export interface Bounds {
  /** How late timers fire on average, in milliseconds; 10 ms is a busy process, a second is a stuck one. */
  eventLoopDelayMs: number
  /** Bytes on the JavaScript heap; near its limit all time goes into collecting garbage. */
  heapBytes: number
  /** Requests that wait for a database connection: a tenth of a second of work for a healthy database. */
  waiting: number
}

const BOUNDS: Bounds = {
  eventLoopDelayMs: 1000,
  heapBytes: getHeapStatistics().heap_size_limit * 0.9,
  waiting: 1000
}

/** A start blocks the event loop, and with it what measures the load: that is forgotten after two samples of a second. */
const AFTER_START_MS = 2000

/** Overload is refused, not suffered. Health and documentation are answered all the same. */
export default fp<{ bounds?: Partial<Bounds> }>(
  async (app, { bounds }) => {
    const { eventLoopDelayMs, heapBytes, waiting } = { ...BOUNDS, ...bounds }
    const { pool } = app.pg
    let measurable = Number.POSITIVE_INFINITY
    app.addHook('onReady', async () => {
      measurable = performance.now() + AFTER_START_MS
    })
    await app.register(underPressure, {
      maxEventLoopDelay: eventLoopDelayMs,
      maxHeapUsedBytes: heapBytes,
      pressureHandler: (request) => (performance.now() < measurable ? undefined : refuse(request))
    })
    app.addHook('onRequest', (request, _reply, done) => {
      if (pool.waitingCount < waiting) return done()
      refuse(request).then(() => done(), done)
    })
  },
  { name: 'overload', dependencies: ['postgres'] }
)

async function refuse({ routeOptions }: FastifyRequest): Promise<void> {
  if (routeOptions.config.access === 'open') return
  throw new AppError('overloaded', 'The service has more to do than it can. Try again soon.')
}
