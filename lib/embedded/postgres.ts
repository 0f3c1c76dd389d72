import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { StartError } from '../up.ts'

/** One that is used, and the one before it that may not be gone yet. */
const MAX_CLIENTS = 2

/** The longest path a Unix socket may have, less the name PostgreSQL gives it. */
const LONGEST_SOCKET_FOLDER = 80

export interface EmbeddedPostgres {
  /** The folder of its socket, which is what a PostgreSQL client takes for its host. */
  host: string
  close(): Promise<void>
}

/** PostgreSQL in this process, on the files below `folder`, for clients that speak its protocol over a Unix socket. */
export async function startEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const host = await socketFolder(folder)
  const path = join(host, '.s.PGSQL.5432')
  await refuseSecondProcess(path, folder)
  const db = await PGlite.create(join(folder, 'pgdata'), { extensions: { pg_trgm } })
  const server = new PGLiteSocketServer({ db, path, maxConnections: MAX_CLIENTS })
  await server.start()
  return {
    host,
    async close() {
      await server.stop()
      await db.close()
      await rm(path, { force: true })
      if (!host.startsWith(folder)) await rm(host, { recursive: true, force: true })
    }
  }
}

async function socketFolder(folder: string): Promise<string> {
  const run = join(folder, 'run')
  if (run.length > LONGEST_SOCKET_FOLDER) return mkdtemp(join(tmpdir(), 'asyncprod-'))
  await mkdir(run, { recursive: true, mode: 0o700 })
  return run
}

/** Two processes on the same files destroy them. A socket that nobody answers on was left by a process that was killed. */
async function refuseSecondProcess(path: string, folder: string): Promise<void> {
  const probe = connect(path)
  const alive = await once(probe, 'connect').then(
    () => true,
    () => false
  )
  probe.destroy()
  if (alive) throw new StartError(`Another process works on ${folder}: stop it, or set another DATA_DIR`)
  await rm(path, { force: true })
}
