import fastifyPostgres from '@fastify/postgres'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { PoolConfig } from 'pg'
import type { Config } from '../lib/config.ts'
import { startEmbeddedPostgres } from '../lib/embedded/postgres.ts'
import { migrate } from '../lib/migrate.ts'
import { untilUp } from '../lib/up.ts'

/** No statement of the service takes long; one that does holds a connection that others wait for. */
const STATEMENT_TIMEOUT_MS = 10_000
const CONNECTION_TIMEOUT_MS = 5000

/** PostgreSQL, or PGlite behind the same pool, migrated to the newest version. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    await app.register(fastifyPostgres, await poolOptions(app, config))
    const { pool } = app.pg
    // Without a listener an idle connection that breaks ends the process.
    pool.on('error', (error) =>
      app.log.warn({ reason: error.message }, 'An idle database connection is lost')
    )

    if (!config.database) pool.on('connect', (client) => client.query('DEALLOCATE ALL'))

    const server = { name: 'PostgreSQL', setting: 'DATABASE_URL (or DB_HOST and friends)' }
    await untilUp({ ...server, timeoutMs: config.STARTUP_TIMEOUT_MS, log: app.log }, () =>
      pool.query('SELECT 1')
    )
    const client = await pool.connect()
    try {
      const migrations = await migrate(client)
      if (migrations.length > 0) app.log.info({ migrations }, 'The database has been migrated')
    } finally {
      client.release()
    }
    app.dependencies.set('database', {
      required: true,
      kind: config.database ? 'connected' : 'embedded',
      ping: () => pool.query('SELECT 1')
    })
  },
  { name: 'postgres', dependencies: ['dependencies'] }
)

async function poolOptions(app: FastifyInstance, config: Config): Promise<PoolConfig> {
  const timeouts = { connectionTimeoutMillis: CONNECTION_TIMEOUT_MS, statement_timeout: STATEMENT_TIMEOUT_MS }
  if (config.database) {
    return {
      ...timeouts,
      ...config.database,
      max: 20,
      application_name: `asyncprod ${config.ROLE}`,
      keepAlive: true
    }
  }
  const embedded = await startEmbeddedPostgres(config.DATA_DIR)
  // Added before the pool's own hook, so it runs after it.
  app.addHook('onClose', () => embedded.close())
  // PGlite is one session underneath: a second client would share its prepared statements, and only wait for the first.
  return {
    ...timeouts,
    host: embedded.host,
    user: 'postgres',
    database: 'postgres',
    max: 1,
    idleTimeoutMillis: 0
  }
}
