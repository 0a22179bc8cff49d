-- The trace that each match, and each mail, belongs to (W3C traceparent); null while nothing is traced.
ALTER TABLE matches ADD COLUMN trace text;
ALTER TABLE mails ADD COLUMN trace text;
