-- The text models that processes brought: the one whose scores the lists hold, the one that lists are built for aside,
-- and those that were. Any process can load any of them; `rules` is what code judged with them.
CREATE TABLE models (
    model text PRIMARY KEY,
    artefact bytea NOT NULL,
    rules text NOT NULL,
    state text NOT NULL CHECK (state IN ('current', 'next', 'past')),
    since timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX models_one_current ON models (state) WHERE state = 'current';
CREATE UNIQUE INDEX models_one_next ON models (state) WHERE state = 'next';

-- What code each process judges with: processes of other rules never judge at the same time. Those that do not say are older.
ALTER TABLE matchers ADD COLUMN rules text NOT NULL DEFAULT '';

-- Lists built for the next model, whole per partition once its lease says so.
CREATE TABLE next_project_lists (LIKE project_lists INCLUDING ALL);
CREATE TABLE next_offer_lists (LIKE offer_lists INCLUDING ALL);

-- `next_revision` is the transaction up to which the partition's next lists follow: built where it equals `revision`.
-- `heads_behind` from the switch until the heads have moved to what the lists say.
ALTER TABLE leases ADD COLUMN next_model text, ADD COLUMN next_revision bigint,
    ADD COLUMN heads_behind boolean NOT NULL DEFAULT false;
