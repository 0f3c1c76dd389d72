import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { createDataDir, DATABASE_FOLDER, lockDataDir } from '../startup/data-dir.ts'
import { sync, syncTree } from '../startup/sync-files.ts'
import { StartError } from '../startup/wait-for-server.ts'
import { DURABLE, DurableFiles, type FileEvents } from './durable-files.ts'

/** The current client, the previous one, which may not have disconnected yet, and a backup. */
const MAX_CLIENTS = 3

/** The longest path a Unix socket may have, less the name PostgreSQL gives it. */
const LONGEST_SOCKET_FOLDER = 80

export interface EmbeddedPostgres {
  /** The folder of its socket, which is what a PostgreSQL client takes for its host. */
  host: string
  close(): Promise<void>
}

/**
 * PostgreSQL in this process, on the files below `folder`, for clients that speak its protocol over a Unix
 * socket. `onFull` is called when a file cannot be written for lack of space.
 */
export async function startEmbeddedPostgres(
  folder: string,
  onFull: FileEvents['full'] = () => {}
): Promise<EmbeddedPostgres> {
  await createDataDir(folder)
  // Two processes on the same files destroy them.
  const unlock = lockDataDir(folder)
  try {
    const { host, stop } = await serve(folder, onFull)
    return { host, close: () => stop().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}

async function serve(
  folder: string,
  onFull: FileEvents['full']
): Promise<{ host: string; stop(): Promise<void> }> {
  const host = await socketFolder(folder)
  const path = join(host, '.s.PGSQL.5432')
  let isAborted = false
  let server: PGLiteSocketServer | undefined
  async function abort(): Promise<void> {
    // The start rejects by itself.
    if (!server) return
    isAborted = true
    disable(db)
    await server.stop()
    throw new StartError(
      `The embedded database has ended, because it cannot write its log in ${folder}. What was acknowledged ` +
        'is stored. Check the disk and its free space, then start again.'
    )
  }
  const db = await openDatabase(folder, { abort: () => setImmediate(abort), full: onFull })
  server = new PGLiteSocketServer({ db, path, maxConnections: MAX_CLIENTS })
  await server.start()
  return {
    host,
    async stop() {
      await server.stop()
      if (!isAborted) await db.close()
      for (const name of [host, join(folder, 'run')]) await rm(name, { recursive: true, force: true })
    }
  }
}

/**
 * Keeps statements from a database that has ended: each would block the process for ever, also the ROLLBACK
 * with which the server ends the transaction of a client that it disconnects.
 */
function disable(db: PGlite): void {
  const refuse = () => Promise.reject(new Error('The embedded database has ended'))
  db.isInTransaction = () => false
  db.exec = refuse
  db.execProtocolRawStream = refuse
}

/** A database has its name only when it is whole, so a power cut leaves no half of one. */
async function openDatabase(folder: string, on: FileEvents): Promise<PGlite> {
  const database = join(folder, DATABASE_FOLDER)
  if (!existsSync(database)) {
    const unfinished = `${database}.unfinished`
    await rm(unfinished, { recursive: true, force: true })
    await (await open(unfinished, on)).close()
    await syncTree(unfinished)
    await rename(unfinished, database)
    await sync(folder)
  }
  return open(database, on)
}

/** Rejects with a StartError if there is no space. */
async function open(folder: string, on: FileEvents): Promise<PGlite> {
  let reason = ''
  const full = (error: Error) => {
    reason = error.message
    on.full(error)
  }
  try {
    const fs = new DurableFiles(folder, { ...on, full })
    return await PGlite.create({ fs, startParams: DURABLE, extensions: { pg_trgm } })
  } catch (cause) {
    if (!reason) throw cause
    throw new StartError(
      `The embedded database in ${folder} cannot be started: ${reason}. Free space on its disk, then start again.`,
      { cause }
    )
  }
}

async function socketFolder(folder: string): Promise<string> {
  const run = join(folder, 'run')
  // Left by a process that was killed, perhaps on a longer path: a link to what is gone by now.
  await rm(run, { recursive: true, force: true })
  if (run.length <= LONGEST_SOCKET_FOLDER) {
    await createDataDir(run)
    return run
  }
  const short = await mkdtemp(join(tmpdir(), 'asyncprod-'))
  await symlink(short, run)
  return short
}
