import fastifyPostgres from '@fastify/postgres'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Client, ClientConfig, PoolConfig } from 'pg'
import type { Config } from '../../lib/config/config.ts'
import { isMigrated, migrate } from '../../lib/database/migrate.ts'
import { waitForServer } from '../../lib/startup/wait-for-server.ts'

/** No statement of the service takes long; one that does holds a connection that others wait for. */
const STATEMENT_TIMEOUT_MS = 10_000
/** For a new connection, or a turn with one of those that are there: no request waits longer than this for either. */
const CONNECTION_TIMEOUT_MS = 3000
const MAX_CONNECTIONS = 20

/** PostgreSQL, or PGlite behind the same pool, migrated to the newest version. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const server = config.database ?? (await embed(app, config))
    await app.register(fastifyPostgres, {
      ...server,
      ...(config.database ? { max: MAX_CONNECTIONS, keepAlive: true } : ONE_SESSION),
      application_name: `asyncprod ${config.role}`,
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      // The server's own limit is no help when the server is frozen.
      query_timeout: STATEMENT_TIMEOUT_MS + 5000
    })
    const { pool } = app.pg
    // Without a listener an idle connection that breaks ends the process.
    pool.on('error', (error) =>
      app.log.warn({ reason: error.message }, 'An idle database connection is lost')
    )

    const waiting = {
      name: 'PostgreSQL',
      setting: 'DATABASE_URL (or DB_HOST and friends)',
      timeoutMs: config.startupTimeoutMs,
      log: app.log
    }
    // A migration may take longer than any statement of the pool.
    const client = { ...server, connectionTimeoutMillis: CONNECTION_TIMEOUT_MS }
    const migrations = await waitForServer(waiting, async () =>
      (await isMigrated(pool)) ? [] : await migrateOnce(new app.pg.Client(client))
    )
    if (migrations.length > 0) app.log.info({ migrations }, 'The database has been migrated')
    app.healthChecks.set('database', {
      required: true,
      kind: config.database ? 'connected' : 'embedded',
      ping: () => pool.query('SELECT 1')
    })
  },
  { name: 'postgres', dependencies: ['health-checks'] }
)

/** PGlite is one session underneath: a second client would share its prepared statements, and only wait for the first. */
const ONE_SESSION: PoolConfig = {
  max: 1,
  idleTimeoutMillis: 0,
  onConnect: (client) => client.query('DEALLOCATE ALL')
}

async function embed(app: FastifyInstance, config: Config): Promise<ClientConfig> {
  // Loaded only where it is wanted: PGlite is large.
  const { startEmbeddedPostgres } = await import('../../lib/database/pglite.ts')
  const embedded = await startEmbeddedPostgres(config.dataDir)
  // Added before the pool's own hook, so it runs after it.
  app.addHook('onClose', () => embedded.close())
  return { host: embedded.host, user: 'postgres', database: 'postgres' }
}

async function migrateOnce(client: Client): Promise<string[]> {
  // A connection that is lost rejects the query that runs, and without a listener ends the process as well.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await migrate(client)
  } finally {
    await client.end()
  }
}
