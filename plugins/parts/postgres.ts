import fastifyPostgres from '@fastify/postgres'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Client, ClientConfig, Pool, PoolConfig } from 'pg'
import type { Config } from '../../lib/config/config.ts'
import type { DatabaseServer } from '../../lib/config/servers.ts'
import { whileResponding } from '../../lib/database/heartbeat.ts'
import { isMigrated, migrate } from '../../lib/database/migrate.ts'
import {
  POSTGRES,
  preparePooledSession,
  prepareSession,
  refuseOtherEncodings,
  refusePooler
} from '../../lib/database/server.ts'
import { withTimeout } from '../../lib/startup/timeout.ts'
import { waitForServer } from '../../lib/startup/wait-for-server.ts'

/** A statement that takes longer holds a connection that others wait for. */
const STATEMENT_TIMEOUT_MS = 10_000
/** For a new connection, or for a free one of the pool. */
const CONNECTION_TIMEOUT_MS = 3000

declare module 'fastify' {
  interface FastifyInstance {
    /** The migrations that this start applied. */
    migrations: string[]
  }
}

/** PostgreSQL, or PGlite behind the same pool, migrated to the newest version. Every role waits for it. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { log } = app
    const { pooled, direct } = config.database ? remote(config.database) : await embed(app, config)
    await app.register(fastifyPostgres, {
      ...pooled,
      application_name: `asyncprod ${config.role}`,
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
      // The server's own limit does not help if the server is frozen.
      query_timeout: STATEMENT_TIMEOUT_MS + 5000
    })
    const { pool } = app.pg
    // Without listeners a lost connection ends the process: an idle one, and one between two statements.
    pool.on('error', (error) => log.warn({ reason: error.message }, 'An idle database connection was lost'))
    pool.on('connect', (client) => client.on('error', () => undefined))

    const connection = { ...direct, connectionTimeoutMillis: CONNECTION_TIMEOUT_MS, keepAlive: true }
    const migrations = await waitForServer(
      POSTGRES,
      { timeoutMs: config.startupTimeoutMs, log },
      async () => {
        await refuseOtherEncodings(pool)
        await refusePooler(pool)
        if (await isMigrated(pool)) return []
        const client = new app.pg.Client(connection)
        return config.database ? await migrateOnce(client, pool) : await migrateOnce(client)
      }
    )
    if (migrations.length > 0) log.info({ migrations }, 'The database has been migrated')
    app.decorate('migrations', migrations)
    app.healthChecks.set('database', {
      required: true,
      kind: config.database ? 'connected' : 'embedded',
      ping: () => pool.query('SELECT 1')
    })
  },
  { name: 'postgres', dependencies: ['health-checks', 'full-disk'] }
)

/** How to connect for statements, and for a migration. */
interface Connections {
  pooled: PoolConfig
  direct: ClientConfig
}

function remote({ connectionString, directUrl, isPooled }: DatabaseServer): Connections {
  const session = isPooled
    ? { isPooled, onConnect: preparePooledSession }
    : { statement_timeout: STATEMENT_TIMEOUT_MS, onConnect: prepareSession }
  return {
    pooled: { connectionString, max: 20, keepAlive: true, ...session },
    direct: { connectionString: directUrl }
  }
}

/** PGlite has one session. A second client would share its prepared statements and wait for the first. */
const ONE_SESSION: PoolConfig = {
  max: 1,
  idleTimeoutMillis: 0,
  async onConnect(client) {
    await client.query('DEALLOCATE ALL')
    await prepareSession(client)
  }
}

async function embed(app: FastifyInstance, config: Config): Promise<Connections> {
  // Imported here because PGlite is large.
  const { startEmbeddedPostgres } = await import('../../lib/database/pglite.ts')
  const embedded = await startEmbeddedPostgres(config.dataDir, (error) => app.fullDisk.check(error))
  // Added before the pool's own hook, so it runs after it.
  app.addHook('onClose', () => embedded.close())
  const direct = { host: embedded.host, user: 'postgres', database: 'postgres' }
  return { pooled: { ...direct, ...ONE_SESSION }, direct }
}

/**
 * A migration may take longer than a statement of the pool. Rejects when `pool`, if given, gets no response
 * meanwhile.
 */
async function migrateOnce(client: Client, pool?: Pool): Promise<string[]> {
  // A lost connection rejects the query that runs, and without a listener ends the process, too.
  client.on('error', () => undefined)
  await client.connect()
  try {
    const migrations = prepareSession(client).then(() => migrate(client))
    return await (pool ? whileResponding(pool, migrations) : migrations)
  } finally {
    // A frozen server does not confirm the end.
    await withTimeout(CONNECTION_TIMEOUT_MS, client.end()).catch(() => undefined)
  }
}
