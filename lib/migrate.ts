import { fileURLToPath } from 'node:url'
import type { ClientBase } from 'pg'
import Postgrator from 'postgrator'

/** Any number no other program on the same database is likely to lock. */
const MIGRATION_LOCK = 7_202_611

const migrationPattern = fileURLToPath(import.meta.resolve('#sql/*.sql'))

/**
 * Brings the database to the newest version and answers the names of the migrations that were needed. All of them are one
 * transaction under an advisory lock, so of many processes that start at once one migrates and the others find it done.
 */
export async function migrate(client: ClientBase): Promise<string[]> {
  const postgrator = new Postgrator({
    driver: 'pg',
    migrationPattern,
    schemaTable: 'asyncprod_migrations',
    newline: 'LF',
    execQuery: (query) => client.query(query)
  })
  await client.query('BEGIN')
  try {
    await client.query(`SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`)
    const applied = await postgrator.migrate()
    await client.query('COMMIT')
    return applied.map(({ version, name }) => `${version} ${name}`)
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}
