import type { Pool } from 'pg'
import type { Control, Controls } from './controls.ts'

/** What a process knows about one origin. */
export interface OriginFigures {
  domain: string
  /** Per minute, as a mean of the last ten. Failures are those of the origin, not of its pictures. */
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

type Rule = Pick<Control, 'rule' | 'places' | 'reason' | 'by' | 'since'>

/** What the fleet knows about an origin. */
export interface FleetOrigin {
  host: string
  requests_per_minute: number
  failures_per_minute: number
  latency_ms: number | null
  /** The processes whose circuit breaker is in each state. */
  breaker: { closed: number; open: number; half_open: number }
  places: number
}

const MAX_LISTED = 500

const LIST = `WITH known AS (
  SELECT domain, sum(requests) AS requests, sum(failures) AS failures,
    sum(latency_ms * requests) / nullif(sum(requests), 0) AS latency_ms, sum(places) AS places,
    count(*) FILTER (WHERE breaker = 'closed') AS closed, count(*) FILTER (WHERE breaker = 'open') AS open,
    count(*) FILTER (WHERE breaker = 'half_open') AS half_open
  FROM origins JOIN processes ON id = process_id WHERE seen_at > now() - interval '30 s' GROUP BY domain
), ruled AS (SELECT subject FROM controls WHERE kind = 'origin')
SELECT coalesce(domain, subject) AS host, coalesce(requests, 0)::float8 AS requests_per_minute,
  coalesce(failures, 0)::float8 AS failures_per_minute, latency_ms::float8 AS latency_ms,
  json_build_object('closed', coalesce(closed, 0), 'open', coalesce(open, 0),
    'half_open', coalesce(half_open, 0)) AS breaker,
  coalesce(places, 0)::integer AS places
FROM known FULL JOIN ruled ON subject = domain
WHERE $1::text IS NULL OR $1 IN (domain, subject)
ORDER BY subject IS NULL, places DESC NULLS LAST, requests DESC NULLS LAST, host LIMIT ${MAX_LISTED}`

/** Resolves with all origins that are in use or have a rule; with `domain`, only with that one. */
export async function listOrigins(pool: Pool, controls: Controls, domain?: string) {
  await controls.load()
  const { rows } = await pool.query<FleetOrigin>(LIST, [domain ?? null])
  return rows.map((row) => ({ ...row, rule: ruleOf(controls, row.host) }))
}

function ruleOf(controls: Controls, host: string): Rule | null {
  const control = controls.get('origin', host)
  if (!control) return null
  const { rule, places, reason, by, since } = control
  return { rule, places, reason, by, since }
}
