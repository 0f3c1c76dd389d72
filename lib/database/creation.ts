/** For how long a key belongs to its first request. */
export const VALID = `interval '24 hours'`

/** Parts of a statement that creates something. */
interface CreationParts {
  /** Selects the `n` of each row of `unused` that cannot be created because it exists already. */
  taken?: string
  /**
   * The order in which rows of `fresh` are inserted. Concurrent statements need the same, or they deadlock.
   */
  order?: string
  /** Further CTEs, which may read `fresh` and `created (n, id)`. */
  others?: string
  /** Joined to `created`, for `columns`; a subquery for each row would be quadratic. */
  join?: string
  /** Columns to return besides the id. */
  columns?: string
}

/**
 * Returns a statement that creates something for each of many requests and stores their Idempotency-Keys in
 * the same commit. `$1` is a JSON array of the `Request` of creator.ts. `insert` reads
 * `fresh (nth, n, input, enqueue)` in the order of nth and returns ids that ascend with it.
 * A key's advisory lock is held for the statement. If it cannot be acquired, the first request still runs.
 */
export const creation = (
  insert: string,
  {
    taken = 'SELECT n FROM unused WHERE false',
    order = 'n',
    others = '',
    join = '',
    columns = ''
  }: CreationParts = {}
) => `
WITH request AS MATERIALIZED (
  SELECT * FROM ROWS FROM (
    jsonb_to_recordset($1::jsonb) AS (caller text, key text, fingerprint text, input jsonb, enqueue jsonb)
  ) WITH ORDINALITY AS r (caller, key, fingerprint, input, enqueue, n)
), lock AS MATERIALIZED (
  SELECT n, key IS NULL OR row_number() OVER (PARTITION BY caller, key ORDER BY n) = 1
    AND pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', current_schema(), caller, key), 0)) AS free
  FROM request
), used AS MATERIALIZED (
  SELECT n, k.created_id, k.created_at, k.fingerprint = decode(r.fingerprint, 'hex') AS same
  FROM request r JOIN idempotency_keys k USING (caller, key)
), unused AS MATERIALIZED (
  SELECT n, caller, key, fingerprint, input, enqueue
  FROM request JOIN lock USING (n) WHERE free AND n NOT IN (SELECT n FROM used)
), taken AS MATERIALIZED (${taken}
), fresh AS MATERIALIZED (
  SELECT *, row_number() OVER (ORDER BY ${order}) AS nth FROM unused WHERE n NOT IN (SELECT n FROM taken)
), inserted AS (${insert}
), created AS MATERIALIZED (
  SELECT fresh.n, i.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM inserted) AS i
  JOIN fresh USING (nth)
), remembered AS (
  INSERT INTO idempotency_keys (caller, key, fingerprint, created_id)
  SELECT caller, key, decode(fingerprint, 'hex'), id FROM created JOIN fresh USING (n) WHERE key IS NOT NULL
)${others}
SELECT free, taken.n IS NOT NULL AS taken,
  used.created_id AS used_id, used.same, used.created_at < now() - ${VALID} AS expired,
  CASE WHEN created.id IS NOT NULL THEN json_build_object('id', created.id${columns}) END AS created
FROM request JOIN lock USING (n) LEFT JOIN created USING (n) LEFT JOIN used USING (n) LEFT JOIN taken USING (n)${join}
ORDER BY n`
