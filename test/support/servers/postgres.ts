import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chownSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { notOurs } from './foreign.ts'
import { createFolder } from './guard.ts'
import { ensureInstalled, program } from './install.ts'
import { freePort } from './port.ts'
import { runProgram, startServer } from './start.ts'

export type PostgresServer = {
  /** A database that is always there. A test wants one of its own: createDatabase. */
  url: string
  /** The URL of a fresh, empty database. */
  createDatabase(): Promise<string>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export type Postgres = PostgresServer & {
  /** A clean stop, if it still runs, and a start with the same port and data. */
  restart(): Promise<void>
  /** SIGKILL to all its processes. Nothing listens until restart. */
  kill(): Promise<void>
  /** SIGSTOP to all its processes: connections stay open, and nothing responds. */
  freeze(): void
  thaw(): void
}

const SPEED = ['fsync', 'synchronous_commit', 'full_page_writes'].flatMap((name) => ['-c', `${name}=off`])

/**
 * A PostgreSQL of one's own, or the one in TEST_DATABASE_URL.
 * @param options.durable whether a commit survives kill(); without it, it is faster
 */
export async function startPostgres({ durable = false } = {}): Promise<Postgres> {
  const given = process.env.TEST_DATABASE_URL
  const control = notOurs('TEST_DATABASE_URL')
  if (given) return { ...usePostgres(given), restart: control, kill: control, freeze: control, thaw: control }

  await ensureInstalled('postgres')
  const owner = serverUser()
  const folder = createFolder('postgres')
  if (owner) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const port = await freePort()
  const layout = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync']
  // not killed, come what may: in its bootstrap it would leave shared memory behind
  await runProgram({ command: program('initdb'), args: layout, cwd: folder, owner })

  const address = ['-p', `${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
  // shared memory as files in the data folder: segments in /dev/shm would outlive a kill
  const limits = ['-c', 'max_connections=300', '-c', 'dynamic_shared_memory_type=mmap']
  const start = () =>
    startServer(
      {
        command: program('postgres'),
        args: ['-D', data, ...address, ...limits, ...(durable ? [] : SPEED)],
        cwd: folder,
        owner,
        endSignal: 'SIGQUIT'
      },
      /ready to accept connections/
    )
  let server = await start()

  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return {
    url,
    createDatabase: () => createDatabase(url, freshName()),
    async restart() {
      await server.stop('SIGINT')
      server = await start()
    },
    async kill() {
      await server.stop('SIGKILL')
      await freeSharedMemory(data)
    },
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    stop,
    [Symbol.asyncDispose]: stop
  }
}

/** A PostgreSQL that runs already. Its stop() drops the databases that were created through it. */
export function usePostgres(url: string): PostgresServer {
  const created: string[] = []
  const stop = async () => {
    for (const name of created.splice(0)) await query(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }
  return {
    url,
    createDatabase() {
      const name = freshName()
      created.push(name)
      return createDatabase(url, name)
    },
    stop,
    [Symbol.asyncDispose]: stop
  }
}

async function createDatabase(url: string, name: string): Promise<string> {
  await query(url, `CREATE DATABASE ${name}`)
  const address = new URL(url)
  address.pathname = `/${name}`
  return address.href
}

function freshName(): string {
  return `test_${randomUUID().replaceAll('-', '')}`
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** PostgreSQL refuses to run as root; its package brings a user for it. */
export function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const entry = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))
  if (!entry)
    throw new Error('PostgreSQL refuses to run as root, and there is no user named postgres: add one')
  return { uid: Number(entry[1]), gid: Number(entry[2]) }
}

/** The System V segment that guards a data folder outlives SIGKILL. Line 7 of its pid file: key and id. */
async function freeSharedMemory(data: string): Promise<void> {
  const [, id] = (readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[6] ?? '').trim().split(/\s+/)
  if (id) await promisify(execFile)('ipcrm', ['-m', id])
}
