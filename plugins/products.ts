import fp from 'fastify-plugin'
import type { Config } from '../lib/config.ts'
import { Outbox } from '../lib/outbox.ts'
import { OutboxSignal } from '../lib/outbox-signal.ts'
import { ProductStore } from '../lib/products/store.ts'
import { UserStore } from '../lib/users.ts'

declare module 'fastify' {
  interface FastifyInstance {
    outbox: Outbox
    products: ProductStore
    users: UserStore
  }
}

/** What the routes and the consumers work with. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { pool } = app.pg
    const outbox = new Outbox(pool)
    app.decorate('outbox', outbox)
    if (config.database && !config.rabbitmq) {
      const signal = new OutboxSignal({ ...config.database, outbox, log: app.log })
      app.addHook('onClose', () => signal.close())
    }
    app.decorate('users', new UserStore(pool))
    app.decorate(
      'products',
      new ProductStore({ pool, cache: app.cache, outbox, jobTimeoutMs: config.JOB_TIMEOUT_MS })
    )
  },
  { name: 'products', dependencies: ['postgres', 'redis'] }
)
