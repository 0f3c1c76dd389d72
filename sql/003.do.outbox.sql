-- Work to do. A row is deleted when a process has done the work or passed it on; until then it comes due
-- again and again.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  -- 0: interactive, what a request wrote. 1: bulk.
  class smallint NOT NULL DEFAULT 0,
  -- Whose work it is: users take turns.
  user_id integer NOT NULL DEFAULT 0,
  product_id integer,
  payload jsonb NOT NULL DEFAULT '{}',
  claims integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT now(),
  -- Whether it comes due in the future: a retry, or a lease that may end. A claim makes it false when that
  -- time has come.
  scheduled boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);
-- Each row is in one of these. Claims jump from user to user in the first, and never read what is not due
-- yet.
CREATE INDEX outbox_due ON outbox (kind, class, user_id, due_at) WHERE NOT scheduled;
CREATE INDEX outbox_scheduled ON outbox (kind, due_at) WHERE scheduled;
CREATE INDEX outbox_by_product ON outbox (product_id) WHERE kind = 'images';

CREATE FUNCTION schedule_outbox_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.scheduled := true;
  RETURN NEW;
END $$;
CREATE TRIGGER outbox_schedule BEFORE INSERT ON outbox
  FOR EACH ROW WHEN (NEW.due_at > now() AND NOT NEW.scheduled) EXECUTE FUNCTION schedule_outbox_row();
