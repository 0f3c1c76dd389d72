-- Finds the removal that waits for an object, for each listing of a product's objects.
CREATE INDEX outbox_by_key ON outbox ((payload->>'key')) WHERE kind = 'object';
