import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import { Notifications } from '../../lib/database/notifications.ts'
import { notifyControls } from '../../lib/fleet/controls.ts'
import { notifyOutbox } from '../../lib/outbox/notify.ts'
import { Outbox } from '../../lib/outbox/outbox.ts'
import { ProductChangeFeed } from '../../lib/products/change-feed.ts'
import { ProductStore } from '../../lib/products/store.ts'
import { UserStore } from '../../lib/products/users.ts'
import { Uploads } from '../../lib/uploads/uploads.ts'

declare module 'fastify' {
  interface FastifyInstance {
    outbox: Outbox
    products: ProductStore
    productChanges: ProductChangeFeed
    users: UserStore
    uploads: Uploads
    /** Null with PGlite, which is one process. */
    notifications: Notifications | null
  }
}

/** Products, users and the outbox, for routes and consumers. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { pool } = app.pg
    const outbox = new Outbox(pool)
    app.decorate('outbox', outbox)
    // No other process holds rows, so those of a killed process need not wait until their leases end.
    if (!config.database) await outbox.reclaim()
    const notifications =
      config.database && new Notifications({ connectionString: config.database.directUrl, log: app.log })
    app.decorate('notifications', notifications)
    const changeFeed = new ProductChangeFeed(notifications)
    app.decorate('productChanges', changeFeed)
    app.decorate('users', new UserStore(pool))
    app.decorate('uploads', new Uploads(pool))
    app.decorate(
      'products',
      new ProductStore({
        pool,
        cache: app.cache,
        outbox,
        changeFeed,
        urlOf: (key) => app.objects.urlOf(key),
        addressOf: (key) => app.objects.addressOf(key),
        jobTimeoutMs: config.images.jobTimeoutMs,
        webhooks: config.webhook !== null
      })
    )
    if (!notifications) return
    if (!config.rabbitmq) notifyOutbox(outbox, notifications)
    notifyControls(app.controls, notifications)
    notifications.start()
    app.healthChecks.set('notifications', {
      kind: 'connected',
      async ping() {
        if (!notifications.connected) throw new Error('PostgreSQL sends no notifications')
      }
    })
    app.addHook('onClose', () => notifications.close())
  },
  { name: 'products', dependencies: ['postgres', 'redis', 'storage', 'health-checks', 'controls'] }
)
