-- What operators have ordered: the pause of all work (kind intake), the drain of a process (its id), a rule
-- for an origin (its domain). Every process obeys a row until it is deleted.
CREATE TABLE controls (
  kind text NOT NULL CHECK (kind IN ('intake', 'process', 'origin')),
  subject text NOT NULL,
  rule text NOT NULL CHECK (rule IN ('pause', 'narrow', 'refuse')),
  -- Of the rule narrow: downloads at once, in each process.
  places integer,
  reason text,
  ordered_by text NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, subject)
);

-- One row for each process. It is updated every few seconds, deleted at a stop, and pruned after the process
-- was lost. Unlogged: after a crash of the server it fills again.
CREATE UNLOGGED TABLE processes (
  id uuid PRIMARY KEY,
  role text NOT NULL,
  version text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  since timestamptz NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now(),
  jobs integer NOT NULL,
  memory_bytes bigint NOT NULL,
  fence jsonb
) WITH (fillfactor = 50);

-- What each process knows about the origins that it downloads from now: a bounded number of rows a process.
CREATE UNLOGGED TABLE origins (
  process_id uuid NOT NULL REFERENCES processes ON DELETE CASCADE,
  domain text NOT NULL,
  requests real NOT NULL,
  failures real NOT NULL,
  latency_ms real NOT NULL,
  breaker text NOT NULL,
  places integer NOT NULL,
  PRIMARY KEY (process_id, domain)
) WITH (fillfactor = 50);
