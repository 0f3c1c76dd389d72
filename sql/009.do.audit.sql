-- What operators did, written in the commit of the act.
CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  -- The name of the caller, as in rate limits.
  actor text NOT NULL,
  -- A noun and a verb: action.start.
  act text NOT NULL,
  subject jsonb NOT NULL
);
