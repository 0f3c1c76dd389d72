import type { ClientBase } from 'pg'
import { MIGRATIONS } from './migrate.ts'

const ROWS_AT_ONCE = 500

export interface Table {
  name: string
  /** The columns that can be written, by name. */
  columns: string[]
}

/** Two databases of the same version have the same digest of a table if they have the same rows. */
export interface Digest {
  rows: string
  digest: string
}

/**
 * Tables in the order of their creation, so that each comes after those that it refers to. Unlogged tables,
 * which describe running processes, are left out.
 */
const TABLES = `
SELECT quote_ident(c.relname) AS name, array_agg(quote_ident(a.attname) ORDER BY a.attname) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attgenerated = ''
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.relnamespace = current_schema()::regnamespace
  AND c.relname <> '${MIGRATIONS}'
GROUP BY c.oid ORDER BY c.oid`

/** The sequences by their tables; a table has at most one. */
const SEQUENCES = `
SELECT quote_ident(t.relname) AS table, s.oid::regclass::text AS name
FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
JOIN pg_class t ON t.oid = d.refobjid
WHERE s.relkind = 'S' AND t.relnamespace = current_schema()::regnamespace`

export async function tablesOf(client: ClientBase): Promise<Table[]> {
  const { rows } = await client.query<Table>(TABLES)
  return rows.map(({ name, columns }) => ({ name, columns: [...columns] }))
}

/** Copies all rows, and the positions of the sequences that make their ids. */
export async function copyRows(from: ClientBase, to: ClientBase, tables: Table[]): Promise<void> {
  await from.query('BEGIN')
  try {
    for (const table of tables) await copyTable(from, to, table)
  } finally {
    await from.query('ROLLBACK')
  }
  const { rows: sequences } = await from.query<{ table: string; name: string }>(SEQUENCES)
  const before = new Map(sequences.map(({ table, name }) => [table, name]))
  const { rows: targets } = await to.query<{ table: string; name: string }>(SEQUENCES)
  for (const { table, name } of targets) {
    const { rows } = await from.query<{ last_value: string; is_called: boolean }>(
      `SELECT last_value, is_called FROM ${before.get(table)}`
    )
    await to.query('SELECT setval($1, $2, $3)', [name, rows[0]?.last_value, rows[0]?.is_called])
  }
}

/** As JSON text, which keeps every value as it is. */
async function copyTable(from: ClientBase, to: ClientBase, table: Table): Promise<void> {
  const columns = table.columns.join(', ')
  await from.query(
    `DECLARE copied NO SCROLL CURSOR FOR SELECT row_to_json(r)::text AS row FROM (${select(table)}) r`
  )
  for (;;) {
    const { rows } = await from.query<{ row: string }>(`FETCH ${ROWS_AT_ONCE} FROM copied`)
    if (rows.length === 0) break
    await to.query(
      `INSERT INTO ${table.name} (${columns}) OVERRIDING SYSTEM VALUE
       SELECT ${columns} FROM json_populate_recordset(NULL::${table.name}, $1::json)`,
      [`[${rows.map(({ row }) => row).join()}]`]
    )
  }
  await from.query('CLOSE copied')
}

/** Resolves with the digest of each table, which does not depend on the order of rows. */
export async function digestsOf(
  client: ClientBase,
  tables: Table[],
  without: string[] = []
): Promise<Map<string, Digest>> {
  const digests = new Map<string, Digest>()
  for (const { name, columns } of tables) {
    const compared = { name, columns: columns.filter((column) => !without.includes(column)) }
    const { rows } = await client.query<Digest>(
      `SELECT count(*) AS rows,
         coalesce(sum(('x' || left(md5(row_to_json(r)::text), 15))::bit(60)::bigint), 0)::text AS digest
       FROM (${select(compared)}) r`
    )
    if (rows[0]) digests.set(name, rows[0])
  }
  return digests
}

const select = ({ name, columns }: Table) => `SELECT ${columns.join(', ')} FROM ${name}`
