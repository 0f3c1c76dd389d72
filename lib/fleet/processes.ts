import type { Pool } from 'pg'
import { AppError } from '../http/app-error.ts'
import type { Controls } from './controls.ts'

/** `lost`: it has not reported for half a minute, although it did not stop. */
export type ProcessState = 'running' | 'paused' | 'draining' | 'drained' | 'lost'

interface FleetProcess {
  id: string
  role: string
  version: string
  host: string
  pid: number
  since: string
  seen_at: string
  /** Products whose images it processes now. */
  jobs: number
  memory_bytes: number
  /** The restrictions on its decoders; null if it decodes nothing. */
  fence: { in_force: string[]; missing: string[] } | null
}

interface Row extends Omit<FleetProcess, 'since' | 'seen_at'> {
  since: Date
  seen_at: Date
  is_lost: boolean
}

const LIST = `SELECT id, role, version, host, pid, since, seen_at, jobs, memory_bytes::float8 AS memory_bytes,
  fence, seen_at < now() - interval '30 s' AS is_lost
FROM processes WHERE $1::uuid IS NULL OR id = $1 ORDER BY since, id`

/** Resolves with all processes; with `id`, only with that one. */
export async function listProcesses(pool: Pool, controls: Controls, id?: string) {
  await controls.load()
  const { rows } = await pool.query<Row>(LIST, [id ?? null])
  return rows.map(({ is_lost, since, seen_at, ...row }) => {
    const drain = controls.get('process', row.id)
    return {
      ...row,
      since: since.toISOString(),
      seen_at: seen_at.toISOString(),
      state: is_lost ? ('lost' as const) : stateOf(controls, row),
      drained: drain ? { by: drain.by, since: drain.since } : null
    }
  })
}

/** Drains a process, or lets it take work again. Throws `not_found` if there is none of that id. */
export async function drainProcess(
  pool: Pool,
  controls: Controls,
  { id, drain, actor }: { id: string; drain: boolean; actor: string }
) {
  const [known] = await listProcesses(pool, controls, id)
  if (!known) throw new AppError('not_found', `There is no process ${id}.`)
  if (drain) {
    await controls.put({ kind: 'process', subject: id, rule: 'pause', places: null, reason: null }, actor)
  } else await controls.remove('process', id, actor)
  const [process = known] = await listProcesses(pool, controls, id)
  return process
}

function stateOf(controls: Controls, { id, jobs }: { id: string; jobs: number }): ProcessState {
  if (controls.get('process', id)) return jobs > 0 ? 'draining' : 'drained'
  return controls.get('intake') ? 'paused' : 'running'
}
