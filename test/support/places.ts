import { cp } from 'node:fs/promises'
import pg, { type ClientConfig } from 'pg'
import { startEmbeddedPostgres } from '../../lib/database/pglite.ts'
import type { Owner } from './owner.ts'
import { createFolder } from './servers/guard.ts'
import { needsServices } from './servers/needs.ts'
import { sharedPostgres } from './servers/shared.ts'
import { emptyFolder } from './template.ts'

/** An empty database that no service has been started on. */
export interface EmptyDatabase {
  /** Runs SQL before the service is started on it. */
  prepare(sql: string): Promise<void>
  /** What the service is started with. */
  variables: Record<string, string>
}

export const PLACES = [
  { place: 'embedded', options: {}, create: createEmbedded },
  { place: 'PostgreSQL', options: needsServices, create: createOnServer }
]

async function createEmbedded(): Promise<EmptyDatabase> {
  const DATA_DIR = createFolder('empty')
  await cp(await emptyFolder(), DATA_DIR, { recursive: true })
  return {
    variables: { DATA_DIR },
    async prepare(sql) {
      const server = await startEmbeddedPostgres(DATA_DIR)
      await run({ host: server.host, user: 'postgres', database: 'postgres' }, sql)
      await server.close()
    }
  }
}

async function createOnServer(t: Owner): Promise<EmptyDatabase> {
  const server = await sharedPostgres(t)
  const DATABASE_URL = await server.createDatabase()
  return { variables: { DATABASE_URL }, prepare: (sql) => run({ connectionString: DATABASE_URL }, sql) }
}

async function run(config: ClientConfig, sql: string): Promise<void> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
