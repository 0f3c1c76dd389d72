import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type { Client, ClientBase } from 'pg'
import { copyRows, type Digest, digestsOf, type Table, tablesOf } from '../../lib/database/copy-rows.ts'
import { prepareSession } from '../../lib/database/server.ts'
import { StartError } from '../../lib/startup/wait-for-server.ts'

/** A move brings them to the URLs of the new settings when the rows are there. */
const OF_THE_SETTINGS = ['compressed_product_images', 'url', 'version']

interface MovedRows {
  isNew: boolean
  digests: Map<string, Digest>
}

/**
 * Copies all rows in one commit, to a database without products. Rejects with a StartError if it has other
 * ones.
 */
export async function moveRows(from: FastifyInstance, to: FastifyInstance): Promise<MovedRows> {
  await using stack = new AsyncDisposableStack()
  const source = stack.adopt(await connect(from), (it) => it.end())
  const target = stack.adopt(await connect(to), (it) => it.end())
  // Rolled back by the end of the connection, unless it is committed.
  await target.query('BEGIN')
  const tables = await tablesOf(target)
  await target.query(`LOCK TABLE ${tables.map(({ name }) => name).join()} IN EXCLUSIVE MODE`)
  const moved = (await isUnused(target))
    ? { isNew: true, digests: await copy(source, target, tables) }
    : { isNew: false, digests: await alreadyMoved(source, target, tables) }
  await target.query('COMMIT')
  return moved
}

/** A connection without the time limits of requests. */
async function connect({ pg }: FastifyInstance): Promise<Client> {
  const client = new pg.Client({ ...pg.pool.options, query_timeout: 0, statement_timeout: 0 })
  // Its next query rejects when it is lost.
  client.on('error', () => undefined)
  await client.connect()
  await prepareSession(client)
  return client
}

/** The first migration makes one user. What else a service without products has written is replaced. */
async function isUnused(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ used: boolean }>(
    `SELECT EXISTS (SELECT FROM products) OR EXISTS (SELECT FROM users WHERE username <> 'testuser') AS used`
  )
  return rows[0]?.used === false
}

async function copy(source: ClientBase, target: ClientBase, tables: Table[]): Promise<Map<string, Digest>> {
  // What triggers write has been written in the source already.
  const triggers = (change: string) =>
    target.query(tables.map(({ name }) => `ALTER TABLE ${name} ${change} TRIGGER USER`).join(';'))
  await triggers('DISABLE')
  for (const { name } of tables.toReversed()) await target.query(`DELETE FROM ${name}`)
  await copyRows(source, target, tables)
  await triggers('ENABLE')
  const [before, after] = [await digestsOf(source, tables), await digestsOf(target, tables)]
  if (!isDeepStrictEqual(before, after))
    throw new Error(`The rows differ after the copy, so nothing is kept: ${differences(before, after)}`)
  return after
}

async function alreadyMoved(source: ClientBase, target: ClientBase, tables: Table[]) {
  const before = await digestsOf(source, tables, OF_THE_SETTINGS)
  const after = await digestsOf(target, tables, OF_THE_SETTINGS)
  if (!isDeepStrictEqual(before, after))
    throw new StartError(
      `The database holds other rows already: ${differences(before, after)}. If the service has run there ` +
        'since a move that ended with "Moved.", nothing is left to move. Otherwise move to an empty database.'
    )
  return after
}

const differences = (before: Map<string, Digest>, after: Map<string, Digest>) =>
  [...before]
    .filter(([table, digest]) => !isDeepStrictEqual(digest, after.get(table)))
    .map(([table, { rows }]) => {
      const there = after.get(table)?.rows
      return `${table} has ${there === rows ? 'other content in as many rows' : `${there} rows, not ${rows}`}`
    })
    .join(', ')
