import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Pool } from 'pg'
import { type Log, reasonOf } from '../log/log.ts'
import { withTimeout } from '../startup/timeout.ts'
import { VERSION } from '../version.ts'
import type { Controls } from './controls.ts'
import { type OriginFigures, reportOrigins } from './origins.ts'

const BEAT_MS = 10_000
const GOODBYE_MS = 1000

/** What a worker reports of itself. */
export interface WorkerReport {
  jobs(): number
  origins(): OriginFigures[]
  fence: { in_force: string[]; missing: string[] }
}

const BEAT = `WITH pruned AS (DELETE FROM processes WHERE seen_at < now() - interval '1 hour' AND id <> $1::uuid),
undrained AS (
  DELETE FROM controls WHERE kind = 'process' AND since < now() - interval '1 day' AND subject <> $1::text
    AND NOT EXISTS (SELECT FROM processes WHERE id::text = subject)
)
INSERT INTO processes (id, role, version, host, pid, since, jobs, memory_bytes, fence)
VALUES ($1::uuid, $2, $3, $4, $5, now() - $6::float8 * interval '1 s', $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET seen_at = now(), jobs = excluded.jobs, memory_bytes = excluded.memory_bytes,
  fence = excluded.fence`

const GOODBYE = `WITH undrained AS (DELETE FROM controls WHERE kind = 'process' AND subject = $1::text)
DELETE FROM processes WHERE id = $1::uuid`

/**
 * Reports this process in the table `processes` every few seconds, and loads the controls, for the case that
 * a notification was lost.
 */
export class Heartbeat {
  readonly id = randomUUID()
  readonly #pool: Pool
  readonly #role: string
  readonly #controls: Controls
  readonly #log: Log
  #worker: WorkerReport | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(pool: Pool, role: string, controls: Controls, log: Log) {
    this.#pool = pool
    this.#role = role
    this.#controls = controls
    this.#log = log
  }

  /** Reports the work of this process from now on. */
  watch(worker: WorkerReport): void {
    this.#worker = worker
  }

  start(): void {
    let running = false
    const beat = async () => {
      if (running) return
      running = true
      await this.beat().catch((error: unknown) =>
        this.#log.debug({ reason: reasonOf(error) }, 'The heartbeat of this process was not written')
      )
      running = false
    }
    this.#timer = setInterval(beat, BEAT_MS).unref()
    void beat()
  }

  async beat(): Promise<void> {
    const worker = this.#worker
    await this.#pool.query(BEAT, [
      this.id,
      this.#role,
      VERSION,
      hostname(),
      process.pid,
      process.uptime(),
      worker?.jobs() ?? 0,
      process.memoryUsage.rss(),
      worker?.fence ?? null
    ])
    if (worker) await reportOrigins(this.#pool, this.id, worker.origins())
    await this.#controls.load()
  }

  /** Removes the row. If the database is away, it is pruned later. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await withTimeout(GOODBYE_MS, this.#pool.query(GOODBYE, [this.id])).catch(() => undefined)
  }
}
