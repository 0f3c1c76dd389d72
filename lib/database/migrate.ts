import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClientBase, Pool } from 'pg'

/** Key of the advisory lock, together with the schema's name. No other program is likely to use it. */
const MIGRATION_LOCK = 7_202_611
export const MIGRATIONS = 'asyncprod_migrations'

/**
 * A frozen process would keep the lock that others wait for: after this time the server ends its transaction.
 */
const ABANDONED = `SET LOCAL idle_in_transaction_session_timeout = '30s'`

const FOLDER = dirname(fileURLToPath(import.meta.resolve('#sql/*.sql')))

/** Postgrator takes a glob, so special characters in the folder's path are escaped. */
const PATTERN = `${FOLDER.replace(/[[\]{}()*?!+@\\]/g, '\\$&')}/*.sql`

/** Resolves with whether there is nothing to migrate; a newer program may have migrated further. */
export async function isMigrated(pool: Pool): Promise<boolean> {
  const newest = Math.max(...(await readdir(FOLDER)).map((name) => Number.parseInt(name, 10)))
  const { schema, exists } = await ownSchema(pool)
  if (!exists) return false
  const { rows } = await pool.query<{ version: number }>(
    `SELECT max(version)::integer AS version FROM ${schema}.${MIGRATIONS}`
  )
  return (rows[0]?.version ?? 0) >= newest
}

/**
 * Migrates the database to the newest version. Resolves with the names of the migrations that were applied.
 * All are one transaction under an advisory lock: of many processes that start at once, one migrates.
 */
export async function migrate(client: ClientBase): Promise<string[]> {
  const { default: Postgrator } = await import('postgrator')
  await client.query('BEGIN')
  try {
    await client.query(`SET LOCAL statement_timeout = 0; ${ABANDONED}`)
    await client.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK}, hashtext(current_schema()))`)
    const { schema, exists } = await ownSchema(client)
    // Without a schema, Postgrator looks for its table in all schemas. With one, it tries to create it.
    if (!exists)
      await client.query(`
        CREATE TABLE ${MIGRATIONS} (version bigint PRIMARY KEY, name text, md5 text, run_at timestamptz);
        INSERT INTO ${MIGRATIONS} (version) VALUES (0)`)
    const postgrator = new Postgrator({
      driver: 'pg',
      migrationPattern: PATTERN,
      schemaTable: `${schema.replaceAll('"', '')}.${MIGRATIONS}`,
      newline: 'LF',
      execQuery: (query) => client.query(query)
    })
    const applied = await postgrator.migrate()
    await client.query('COMMIT')
    return applied.map(({ version, name }) => `${version} ${name}`)
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** Resolves with the schema that tables are created in, quoted, and whether it has been migrated before. */
async function ownSchema(client: Pick<ClientBase, 'query'>): Promise<{ schema: string; exists: boolean }> {
  const { rows } = await client.query<{ schema: string; exists: boolean }>(`
    SELECT quote_ident(current_schema()) AS schema,
      to_regclass(quote_ident(current_schema()) || '.${MIGRATIONS}') IS NOT NULL AS exists`)
  return rows[0] ?? { schema: '', exists: false }
}
