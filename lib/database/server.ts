import { type ClientBase, DatabaseError, type Pool } from 'pg'
import { cureOfCertificate } from '../startup/certificates.ts'
import { type Server, StartError } from '../startup/wait-for-server.ts'
import { isUnavailable } from './unavailable.ts'

export const POSTGRES: Server = { name: 'PostgreSQL', settings: 'DATABASE_URL (or DB_HOST)', cureOf }

const POOLER =
  'DATABASE_URL (or DB_HOST) leads to a connection pooler. Set DATABASE_DIRECT_URL to the server behind it, ' +
  'for notifications and migrations.'
const LOGIN = 'Set the right user and password in DATABASE_URL (or DB_USER and DB_PASSWORD).'

/** By SQLSTATE. */
const CURES = new Map([
  ['28P01', LOGIN],
  ['28000', 'Set a user in DATABASE_URL (or DB_USER) that exists and that pg_hba.conf admits.'],
  ['3D000', 'Create the database, or set the name of another one in DATABASE_URL (or DB_NAME).'],
  [
    '42501',
    'Grant these rights to the user in DATABASE_URL (or DB_USER), or run `asyncprod migrate` as another user.'
  ],
  ['3F000', 'Create the schema, or set another search_path for the user in DATABASE_URL (or DB_USER).']
])

function cureOf(error: unknown): string | null {
  const certificate = cureOfCertificate(error)
  if (certificate)
    return `${certificate} Or add sslrootcert=FILE to DATABASE_URL, or set sslmode=no-verify there to skip the check.`
  const message = error instanceof Error ? error.message : ''
  if (/unsupported startup parameter: statement_timeout/.test(message)) return POOLER
  if (isUnavailable(error)) return null
  if (error instanceof DatabaseError)
    return (
      CURES.get(error.code ?? '') ??
      'Check the database in DATABASE_URL (or DB_NAME): it rejects the statements of the service.'
    )
  if (/does not support SSL/.test(message)) return 'Remove sslmode from DATABASE_URL.'
  return /^SASL/.test(message) ? LOGIN : null
}

/** What a pooler passes on to each connection to the server. */
const POOLED_SESSION = `SET DateStyle = 'ISO, MDY'; SET TimeZone = 'UTC'; SET client_encoding = 'UTF8';
SET standard_conforming_strings = on`

/** Session settings that a database or role may override and that change the text format of values. */
const SESSION = `${POOLED_SESSION}; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
SET extra_float_digits = 1`

/**
 * Sets what the service relies on, whatever the database or the role says. To be called for every new
 * connection.
 */
export async function prepareSession(client: ClientBase): Promise<void> {
  await client.query(SESSION)
}

/**
 * Sets only what a pooler keeps for its client: another setting would remain for the connection's next
 * client. The others are not needed: no statement returns an interval, bytes, or a float of more than 15
 * digits.
 */
export async function preparePooledSession(client: ClientBase): Promise<void> {
  await client.query(POOLED_SESSION)
}

/** Rejects with a StartError if the database cannot store every character. */
export async function refuseOtherEncodings(client: Pick<ClientBase, 'query'>): Promise<void> {
  const encoding = await setting(client, 'server_encoding')
  if (encoding === 'UTF8') return
  throw new StartError(
    `PostgreSQL cannot be used: the database is encoded in ${encoding} and would refuse most texts. ` +
      "Create it with ENCODING 'UTF8', or name another one in DATABASE_URL (or DB_NAME)."
  )
}

/** Rejects with a StartError if the pool leads to a pooler without being configured for it. */
export async function refusePooler(pool: Pool): Promise<void> {
  const { statement_timeout: wanted } = pool.options
  if (!wanted || Number(await setting(pool, 'statement_timeout')) === wanted) return
  throw new StartError(`PostgreSQL cannot be used: it ignores settings of the session. ${POOLER}`)
}

async function setting(client: Pick<ClientBase, 'query'>, name: string): Promise<string | undefined> {
  const { rows } = await client.query<{ setting: string }>(
    'SELECT setting FROM pg_settings WHERE name = $1',
    [name]
  )
  return rows[0]?.setting
}
