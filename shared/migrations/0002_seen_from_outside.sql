-- Which trace an event belongs to (W3C traceparent; null while nothing is traced), and how the last audits ended.
ALTER TABLE outbox ADD COLUMN trace text;

CREATE TABLE audits (
    audited_at timestamptz PRIMARY KEY DEFAULT now(),
    differences integer NOT NULL CHECK (differences >= 0)
);
