-- Heads that show an answer which the log had lost when the matcher was restored: no audit expects it there.
ALTER TABLE match_heads ADD COLUMN answers_lost boolean NOT NULL DEFAULT false;
