-- The matcher's own tables. Ids compare by code point (the database's collation is C), as ties in lists do.

-- What was heard. An erased entity keeps its row without a body: its version is remembered.
CREATE TABLE projects (
    project_id text PRIMARY KEY,
    partition integer NOT NULL,
    version bigint NOT NULL,
    body bytea
);
CREATE INDEX projects_by_partition ON projects (partition);

-- Whole topics, stored by the holder of partition 0 alone, with the place where each row was read. `replay` numbers the
-- last replay of a dead letter that stored the row: by it every process finds what no log will tell it.
CREATE TABLE whole_entities (
    topic text NOT NULL,
    key text NOT NULL,
    version bigint NOT NULL,
    topic_partition integer NOT NULL,
    topic_offset bigint NOT NULL,
    body bytea,
    replay bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, key)
);
CREATE INDEX whole_entities_replayed ON whole_entities (replay) WHERE replay > 0;

-- Who owns a partition, since when, and what its lists reflect: the model, the day and the next offset of each whole
-- topic (and, as `replays`, up to which replay of their dead letters). `revision` counts its transactions: memory that does not hold the same number is not used.
CREATE TABLE leases (
    partition integer PRIMARY KEY,
    epoch bigint NOT NULL,
    owner text NOT NULL,
    address text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 0,
    model text,
    day date,
    positions jsonb NOT NULL DEFAULT '{}'
);

-- The best offers of a project, best first.
CREATE TABLE project_lists (
    project_id text PRIMARY KEY,
    partition integer NOT NULL,
    offer_types text[] NOT NULL,
    offer_ids text[] NOT NULL,
    scores integer[] NOT NULL
);
CREATE INDEX project_lists_by_partition ON project_lists (partition);

-- The best projects of an offer within one partition, best first, as judged with one version of the offer.
CREATE TABLE offer_lists (
    offer_type text NOT NULL,
    offer_id text NOT NULL,
    partition integer NOT NULL,
    offer_version bigint NOT NULL,
    project_ids text[] NOT NULL,
    scores integer[] NOT NULL,
    PRIMARY KEY (offer_type, offer_id, partition)
);
CREATE INDEX offer_lists_by_partition ON offer_lists (partition);

-- The merge of an offer's lists; its row is the offer's lock. `offer_version` is the last one merged; `pending_since`
-- is when a newer one was first stored that not all partitions have judged yet.
CREATE TABLE merged_lists (
    offer_type text NOT NULL,
    offer_id text NOT NULL,
    offer_version bigint NOT NULL DEFAULT 0,
    project_ids text[] NOT NULL DEFAULT '{}',
    scores integer[] NOT NULL DEFAULT '{}',
    pending_version bigint,
    pending_since timestamptz,
    PRIMARY KEY (offer_type, offer_id)
);
CREATE INDEX merged_lists_pending ON merged_lists (pending_since) WHERE pending_since IS NOT NULL;

-- Each pair that is or was a match, or that a list holds. `head` is its state, score, reasons and history; `due_on` is
-- the next day on which the calendar alone changes it.
CREATE TABLE match_heads (
    match_id text PRIMARY KEY,
    project_id text NOT NULL,
    offer_type text NOT NULL,
    offer_id text NOT NULL,
    partition integer NOT NULL,
    in_project_list boolean NOT NULL,
    in_offer_list boolean NOT NULL,
    state text,
    due_on date,
    head json
);
CREATE INDEX match_heads_by_project ON match_heads (project_id);
CREATE INDEX match_heads_by_offer ON match_heads (offer_type, offer_id, partition);
CREATE INDEX match_heads_declined ON match_heads (partition) WHERE state = 'declined';
CREATE INDEX match_heads_due ON match_heads (partition, due_on) WHERE due_on IS NOT NULL;
