-- Work to do. A row is deleted when a process has done the work or passed it on; until then it comes due again and again.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  -- 0: interactive, what a request wrote. 1: bulk.
  class smallint NOT NULL DEFAULT 0,
  -- Whose work it is: claims take turns by user.
  user_id integer,
  product_id integer,
  payload jsonb NOT NULL DEFAULT '{}',
  claims integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_due ON outbox (kind, due_at);
CREATE INDEX outbox_by_product ON outbox (product_id) WHERE kind = 'images';
