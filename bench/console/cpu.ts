import { readFileSync } from 'node:fs'
import type { Client } from 'pg'
import { runningDecoders } from '../../lib/decoder/diagnostics.ts'
import { usageOf } from '../../test/support/servers/process-tree.ts'

/** CPU in microseconds. */
export interface Cpu {
  /** Of the connections of this database, except the client's. */
  postgres: number
  /** Of this process and its decoders. */
  own: number
}

export const total = ({ postgres, own }: Cpu) => postgres + own

/** Resolves with what the work took. It must not begin or end decoders. */
export async function cpuOf(client: Client, work: () => Promise<unknown>): Promise<Cpu> {
  const [before, own] = [await connectionsUs(client), ownUs()]
  await work()
  const ownAfter = ownUs()
  // Without connections that have ended meanwhile.
  const after = [...(await connectionsUs(client))]
  const postgres = after.reduce((sum, [pid, us]) => sum + us - (before.get(pid) ?? 0), 0)
  return { postgres, own: ownAfter - own }
}

function ownUs(): number {
  const { user, system } = process.cpuUsage()
  return [...runningDecoders].reduce((sum, pid) => sum + usageOf(pid).cpuSeconds * 1_000_000, user + system)
}

/** Resolves with what each connection has taken, by its process. */
async function connectionsUs(client: Client): Promise<Map<number, number>> {
  const { rows } = await client.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`
  )
  return new Map(rows.map(({ pid }) => [pid, usOf(pid)]))
}

function usOf(pid: number): number {
  const [nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
  return Number(nanoseconds) / 1000
}
