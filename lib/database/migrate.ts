import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClientBase, Pool } from 'pg'

/** Any number no other program on the same database is likely to lock. */
const MIGRATION_LOCK = 7_202_611
const MIGRATIONS = 'asyncprod_migrations'
const UNDEFINED_TABLE = '42P01'

const migrationPattern = fileURLToPath(import.meta.resolve('#sql/*.sql'))

/** Whether there is nothing to migrate, as at nearly every start; a newer program may have been here, too. */
export async function isMigrated(pool: Pool): Promise<boolean> {
  const files = await readdir(dirname(migrationPattern))
  const newest = Math.max(...files.map((name) => Number.parseInt(name, 10)))
  try {
    const { rows } = await pool.query<{ version: number }>(
      `SELECT max(version)::integer AS version FROM ${MIGRATIONS}`
    )
    return (rows[0]?.version ?? 0) >= newest
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return false
    throw error
  }
}

/**
 * Brings the database to the newest version and answers the names of the migrations that were needed. All of them are one
 * transaction under an advisory lock, so of many processes that start at once one migrates and the others find it done.
 */
export async function migrate(client: ClientBase): Promise<string[]> {
  const { default: Postgrator } = await import('postgrator')
  const postgrator = new Postgrator({
    driver: 'pg',
    migrationPattern,
    schemaTable: MIGRATIONS,
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
