import { rm } from 'node:fs/promises'
import pg from 'pg'
import { migrate } from '../../lib/database/migrate.ts'
import { startEmbeddedPostgres } from '../../lib/database/pglite.ts'
import type { Owner } from './owner.ts'
import { createFolder } from './servers/guard.ts'
import { sharedPostgres } from './servers/shared.ts'

export interface Database {
  pool: pg.Pool
  /** What another process would use: a pool of its own, where the database lets many in. */
  another: pg.Pool
}

/** A migrated database in this process. */
export async function embeddedDatabase(t: Owner): Promise<Database> {
  const folder = createFolder('database')
  const server = await startEmbeddedPostgres(folder)
  const pool = new pg.Pool({
    host: server.host,
    user: 'postgres',
    database: 'postgres',
    max: 1,
    onConnect: async (client) => void (await client.query('DEALLOCATE ALL'))
  })
  t.teardown(async () => {
    await pool.end()
    await server.close()
    await rm(folder, { recursive: true, force: true })
  })
  await migrateThrough(pool)
  return { pool, another: pool }
}

/** A migrated database on a real server. */
export async function realDatabase(t: Owner): Promise<Database> {
  const server = await sharedPostgres(t)
  const connectionString = await server.createDatabase()
  const pools = [new pg.Pool({ connectionString }), new pg.Pool({ connectionString })] as const
  for (const pool of pools) {
    pool.on('error', () => undefined)
    t.teardown(() => pool.end())
  }
  await migrateThrough(pools[0])
  return { pool: pools[0], another: pools[1] }
}

async function migrateThrough(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  try {
    await migrate(client)
  } finally {
    client.release()
  }
}
