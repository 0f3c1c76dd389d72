-- Each attempt to deliver a webhook, for operators. The sweep removes the oldest.
CREATE TABLE deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  -- Of the webhook, the same in each attempt, without the prefix asyncprod-.
  message_id text NOT NULL,
  product_id integer NOT NULL,
  user_id integer NOT NULL,
  attempt integer NOT NULL,
  -- Of the response; NULL without one.
  status integer,
  ms integer NOT NULL,
  -- NULL if the receiver took it.
  error text
);
CREATE INDEX deliveries_by_product ON deliveries (product_id, id);
CREATE INDEX deliveries_failed ON deliveries (id) WHERE error IS NOT NULL;
CREATE INDEX deliveries_by_age ON deliveries (at);
