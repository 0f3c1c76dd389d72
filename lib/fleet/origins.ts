import type { Pool } from 'pg'

/** What a process knows about one origin. */
export interface OriginFigures {
  domain: string
  /** Of the last minute. */
  requests: number
  failures: number
  /** Mean time until the origin has responded. */
  latencyMs: number
  breaker: 'closed' | 'open' | 'half_open'
  /** Downloads now. */
  places: number
}

const REPORT = `WITH ended AS (
  DELETE FROM origins WHERE process_id = $1 AND NOT domain = ANY ($2::text[])
)
INSERT INTO origins (process_id, domain, requests, failures, latency_ms, breaker, places)
SELECT $1, * FROM unnest($2::text[], $3::real[], $4::real[], $5::real[], $6::text[], $7::integer[])
ON CONFLICT (process_id, domain) DO UPDATE SET requests = excluded.requests, failures = excluded.failures,
  latency_ms = excluded.latency_ms, breaker = excluded.breaker, places = excluded.places`

/** Replaces what the process has reported before. */
export async function reportOrigins(pool: Pool, processId: string, origins: OriginFigures[]): Promise<void> {
  await pool.query(REPORT, [
    processId,
    origins.map(({ domain }) => domain),
    origins.map(({ requests }) => requests),
    origins.map(({ failures }) => failures),
    origins.map(({ latencyMs }) => latencyMs),
    origins.map(({ breaker }) => breaker),
    origins.map(({ places }) => places)
  ])
}
