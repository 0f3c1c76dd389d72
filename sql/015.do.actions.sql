-- What operators do with all images that match a filter. Each is done in batches by an outbox row of kind
-- action; `place` is the image after which the next batch begins.
CREATE TABLE actions (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  action text NOT NULL,
  filter jsonb NOT NULL,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled')),
  -- How many matched when it began.
  images bigint NOT NULL,
  seen bigint NOT NULL DEFAULT 0,
  changed bigint NOT NULL DEFAULT 0,
  place jsonb,
  actor text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz
);
