import { type ClientBase, DatabaseError } from 'pg'
import { cureOfCertificate } from '../startup/certificates.ts'
import { type Server, StartError } from '../startup/wait-for-server.ts'
import { isUnavailable } from './unavailable.ts'

export const POSTGRES: Server = { name: 'PostgreSQL', settings: 'DATABASE_URL (or DB_HOST)', cureOf }

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
  if (isUnavailable(error)) return null
  if (error instanceof DatabaseError)
    return (
      CURES.get(error.code ?? '') ??
      'Check the database in DATABASE_URL (or DB_NAME): it rejects the statements of the service.'
    )
  const message = error instanceof Error ? error.message : ''
  if (/does not support SSL/.test(message)) return 'Remove sslmode from DATABASE_URL.'
  return /^SASL/.test(message) ? LOGIN : null
}

/** What a database or a role may set otherwise, and what changes the text that is exchanged. */
const SESSION = `SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC';
SET bytea_output = 'hex'; SET extra_float_digits = 1; SET client_encoding = 'UTF8';
SET standard_conforming_strings = on`

/** Sets what the service relies on, whatever the database or the role says. To be called for every new connection. */
export async function prepareSession(client: ClientBase): Promise<void> {
  await client.query(SESSION)
}

/** Rejects with a StartError if the database cannot store every character. */
export async function refuseOtherEncodings(client: Pick<ClientBase, 'query'>): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>(
    "SELECT current_setting('server_encoding') AS encoding"
  )
  const encoding = rows[0]?.encoding
  if (encoding === 'UTF8') return
  throw new StartError(
    `PostgreSQL cannot be used: the database is encoded in ${encoding} and would refuse most texts. Create it with ENCODING 'UTF8', or name another one in DATABASE_URL (or DB_NAME).`
  )
}
