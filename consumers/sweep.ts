import fp from 'fastify-plugin'
import type { Config } from '../lib/config/config.ts'
import { removeExpiredKeys } from '../lib/database/idempotency.ts'

/** Three jobs in a row would have ended by then. */
const LOST_AFTER_JOBS = 3
const IMAGES_A_SWEEP = 1000
/** A statement that deletes so many is over in milliseconds. */
const KEYS_AT_ONCE = 1000

/** Owes again what somebody took over and lost (a message of a broker whose disk was wiped, say), and forgets old keys. */
export default fp<{ config: Config }>(
  async (
    app,
    {
      config: {
        images: { jobTimeoutMs }
      }
    }
  ) => {
    let running = Promise.resolve()
    const sweep = async () => {
      try {
        const products = await app.products.sweep(jobTimeoutMs * LOST_AFTER_JOBS, IMAGES_A_SWEEP)
        if (products > 0) app.log.warn({ products }, 'Images nobody was working on are owed again')
      } catch (error) {
        app.log.warn({ err: error }, 'The sweep for lost images failed; it is tried again')
      }
    }
    let closing = false
    const forgetKeys = async () => {
      try {
        while (!closing && (await removeExpiredKeys(app.pg.pool, KEYS_AT_ONCE)) === KEYS_AT_ONCE);
      } catch (error) {
        app.log.warn({ err: error }, 'Old idempotency keys could not be removed; it is tried again')
      }
    }
    let timer: NodeJS.Timeout | undefined
    app.addHook('onReady', async () => {
      timer = setInterval(() => {
        running = running.then(sweep).then(forgetKeys)
      }, jobTimeoutMs)
    })
    app.shutdown.add(async () => {
      closing = true
      clearInterval(timer)
      await running
    })
  },
  { name: 'sweep', dependencies: ['products'] }
)
