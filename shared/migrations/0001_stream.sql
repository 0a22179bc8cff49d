-- What the stream keeps in each service's schema: versions said and heard, events waiting to leave, offsets, dead letters.

-- Versions are generation * 2^40 + n; `essaim restored` raises the generation above the log's.
CREATE TABLE generation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    generation bigint NOT NULL CHECK (generation >= 0)
);
INSERT INTO generation (generation) VALUES (0);

-- The last version said of each key; kept when the key is erased.
CREATE TABLE key_versions (
    topic text NOT NULL,
    key text NOT NULL,
    version bigint NOT NULL,
    erased boolean NOT NULL DEFAULT false,
    PRIMARY KEY (topic, key)
);

-- Events committed and not yet known to be in Kafka; a null body is a tombstone.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    partition_key text NOT NULL,
    version bigint NOT NULL,
    body bytea,
    announced_at timestamptz NOT NULL DEFAULT now(),
    refused_because text
);
CREATE INDEX outbox_by_key ON outbox (topic, key);

-- How far this service has handled each partition: the authority.
CREATE TABLE offsets (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    highest_timestamp bigint NOT NULL DEFAULT -1,
    cluster_id text NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
);

-- The highest version heard of each key, for readers that keep no version beside the entity itself.
CREATE TABLE heard_versions (
    topic text NOT NULL,
    key text NOT NULL,
    version bigint NOT NULL,
    erased boolean NOT NULL DEFAULT false,
    PRIMARY KEY (topic, key)
);

-- Records set aside, with their bytes.
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    record_timestamp bigint NOT NULL,
    key bytea,
    value bytea,
    header_names text[] NOT NULL DEFAULT '{}',
    header_values bytea[] NOT NULL DEFAULT '{}',
    reason text NOT NULL,
    set_aside_at timestamptz NOT NULL DEFAULT now(),
    replay_asked_at timestamptz,
    UNIQUE (topic, partition, record_offset)
);
CREATE INDEX dead_letters_to_replay ON dead_letters (topic, partition, id) WHERE replay_asked_at IS NOT NULL;
