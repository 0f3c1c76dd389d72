-- What follows a claim, planned once by each connection and without scans, as claim_outbox is. Both take 0.1
-- ms of CPU instead of 0.2 ms.

-- Returns the milliseconds until the next row of the kind comes due, or NULL when there is none.
CREATE FUNCTION next_due_ms(text) RETURNS float8
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
  RETURN extract(epoch FROM least(
    (SELECT due_at FROM outbox WHERE kind = $1 AND NOT scheduled ORDER BY class, user_id, due_at LIMIT 1),
    (SELECT due_at FROM outbox WHERE kind = $1 AND scheduled ORDER BY due_at LIMIT 1)
  ) - clock_timestamp()) * 1000;
END $$;

-- Deletes the rows $1 unless they have been claimed again: $2 says how often each was.
CREATE FUNCTION delete_claimed(bigint[], integer[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
  -- A join could read the whole index, if it was planned while the outbox was empty.
  DELETE FROM outbox o WHERE o.id = ANY ($1) AND o.claims = $2[array_position($1, o.id)];
END $$;
