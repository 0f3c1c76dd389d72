import { chownSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createFolder } from './guard.ts'
import { ensureInstalled, program } from './install.ts'
import { freePort } from './port.ts'
import { serverUser } from './postgres.ts'
import { startServer } from './start.ts'

export type Pgbouncer = {
  /** Leads to the database in a connection that changes with each transaction. */
  url: string
  stop(): Promise<void>
}

/** A PgBouncer before a database, in `pool_mode=transaction`, with further lines of its configuration. */
export async function startPgbouncer(databaseUrl: string, ...settings: string[]): Promise<Pgbouncer> {
  await ensureInstalled('pgbouncer')
  const { hostname, port: databasePort, username, pathname } = new URL(databaseUrl)
  const folder = createFolder('pgbouncer')
  const owner = serverUser()
  if (owner) chownSync(folder, owner.uid, owner.gid)
  const port = await freePort()
  const file = join(folder, 'pgbouncer.ini')
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${databasePort} user=${username}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    // Several connections, so that neighbouring transactions run on different ones.
    'default_pool_size = 5',
    ...settings
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const server = await startServer(
    { command: program('pgbouncer'), args: [file], cwd: folder, owner },
    /process up/
  )
  return {
    url: `postgres://${username}@127.0.0.1:${port}${pathname}`,
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
