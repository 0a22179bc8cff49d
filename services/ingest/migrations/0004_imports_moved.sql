-- When an import last moved: what nobody goes on with is forgotten.

ALTER TABLE imports ADD COLUMN moved_at timestamptz NOT NULL DEFAULT now();
