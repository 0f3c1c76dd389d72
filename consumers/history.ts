import fp from 'fastify-plugin'
import { writeMinute } from '../lib/figures/minute.ts'
import { reasonOf } from '../lib/log/log.ts'

const EVERY_MS = 60_000

/** Once a minute one of all processes writes the history that the admin API shows. */
export default fp(
  async (app) => {
    let writing: Promise<unknown> = Promise.resolve()
    let timer: NodeJS.Timeout | undefined
    const write = () => {
      writing = writeMinute(app.pg.pool).catch((error: unknown) =>
        app.log.warn({ reason: reasonOf(error) }, 'The history could not be written; the next minute has it')
      )
    }
    app.addHook('onReady', async () => {
      timer = setInterval(write, EVERY_MS)
    })
    app.shutdown.add(async () => {
      clearInterval(timer)
      await writing
    })
  },
  { name: 'history', dependencies: ['postgres', 'shutdown'] }
)
