-- What callers created under an Idempotency-Key, so that a repeated request gets the first one's response.
-- Written in the commit that creates, removed by the sweep after a day.
CREATE TABLE idempotency_keys (
  caller text NOT NULL,
  key text NOT NULL,
  -- SHA-256 of the request.
  fingerprint bytea NOT NULL,
  created_id integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
