import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { copyFiles } from '../startup/copy-files.ts'

/** Files of the running process, and the log, which is copied when the backup has ended. */
const NOT_YET = ['postmaster.pid', 'postmaster.opts', 'pg_wal']

/**
 * Copies the files of an embedded database while it is used, as pg_basebackup does. Changes made meanwhile
 * are in the write-ahead log, which the copy's first start replays.
 */
export async function copyDatabase(host: string, from: string, to: string): Promise<void> {
  const client = new Client({ host, user: 'postgres', database: 'postgres' })
  client.on('error', () => undefined)
  await client.connect()
  try {
    // All clients of PGlite share one session. One that was killed may have left its backup open.
    await end(client).catch(() => undefined)
    await client.query(RELEASE_LOG)
    await client.query(KEEP_LOG)
    await client.query(`SELECT pg_backup_start('asyncprod', fast => true)`)
    await copyFiles(from, to, NOT_YET)
    await writeFile(join(to, 'backup_label'), await end(client))
    await copyFiles(join(from, 'pg_wal'), join(to, 'pg_wal'))
  } finally {
    await client.query(RELEASE_LOG).catch(() => undefined)
    await client.end()
  }
}

/** Without this, a checkpoint meanwhile would remove parts of the log that the copy needs. */
const KEEP_LOG = `SELECT pg_create_physical_replication_slot('asyncprod_backup', true, true)`
const RELEASE_LOG = `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
  WHERE slot_name = 'asyncprod_backup'`

async function end(client: Client): Promise<string> {
  const { rows } = await client.query<{ labelfile: string }>(
    'SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)'
  )
  return rows[0]?.labelfile ?? ''
}
