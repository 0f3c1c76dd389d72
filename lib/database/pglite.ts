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
import { DURABLE, DurableFiles } from './durable-files.ts'

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
 * socket.
 */
export async function startEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  await createDataDir(folder)
  // Two processes on the same files destroy them.
  const unlock = lockDataDir(folder)
  try {
    const { host, stop } = await serve(folder)
    return { host, close: () => stop().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}

async function serve(folder: string): Promise<{ host: string; stop(): Promise<void> }> {
  const host = await socketFolder(folder)
  const path = join(host, '.s.PGSQL.5432')
  let isAborted = false
  let server: PGLiteSocketServer | undefined
  // A statement that comes afterwards would block the process for ever.
  async function abort(): Promise<never> {
    isAborted = true
    await server?.stop()
    throw new StartError(
      `The embedded database has ended, because it cannot write its log in ${folder}. What was acknowledged is stored. Check the disk, then start again.`
    )
  }
  const db = await openDatabase(folder, () => setImmediate(abort))
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

/** A database has its name only when it is whole, so a power cut leaves no half of one. */
async function openDatabase(folder: string, onAbort: () => void): Promise<PGlite> {
  const database = join(folder, DATABASE_FOLDER)
  if (!existsSync(database)) {
    const unfinished = `${database}.unfinished`
    await rm(unfinished, { recursive: true, force: true })
    await (await open(unfinished, onAbort)).close()
    await syncTree(unfinished)
    await rename(unfinished, database)
    await sync(folder)
  }
  return open(database, onAbort)
}

const open = (folder: string, onAbort: () => void) =>
  PGlite.create({ fs: new DurableFiles(folder, onAbort), startParams: DURABLE, extensions: { pg_trgm } })

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
