-- Which source an image had before an operator replaced it.
CREATE INDEX audit_replaced ON audit (((subject->>'product_id')::integer)) WHERE act = 'image.replace';
