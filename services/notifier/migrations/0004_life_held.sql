-- When the present life of each match began, or its last event where that says no beginning: an erasure purges what began
-- before it. Null where it is not known: once it is gone, and for what was told before this column.
ALTER TABLE matches ADD COLUMN began_at timestamptz;
UPDATE matches SET began_at = coalesce(body::jsonb ->> 'began_at', body::jsonb ->> 'occurred_at')::timestamptz
WHERE body IS NOT NULL;
