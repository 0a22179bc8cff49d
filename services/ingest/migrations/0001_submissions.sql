-- Who may submit, what was submitted, whom to write to, what was answered. Post: nothing reads it before this version.

CREATE TABLE organisations (
    organisation_id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- A key is `essaim_<prefix>_<secret>`; the secret has 256 random bits, so that one SHA-256 hides it.
CREATE TABLE api_keys (
    prefix text PRIMARY KEY,
    secret_digest bytea NOT NULL,
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    scopes text[] NOT NULL,
    label text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE INDEX api_keys_of_organisation ON api_keys (organisation_id);

-- One row per distinct address; every other service knows the opaque id only.
CREATE TABLE people (
    person_id text COLLATE "C" PRIMARY KEY,
    address text NOT NULL UNIQUE,
    email text NOT NULL,
    name text,
    language text NOT NULL DEFAULT 'fr'
);

-- Who animates a territory; the territory may be declared later.
CREATE TABLE coordinators (
    territory_id text COLLATE "C" NOT NULL,
    person_id text COLLATE "C" NOT NULL REFERENCES people ON DELETE CASCADE,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (territory_id, person_id)
);
CREATE INDEX coordinators_person ON coordinators (person_id);

-- Each entity as it was last submitted, without its contact. `party_id` is its owner_id or company_id.
CREATE TABLE submissions (
    entity_type text NOT NULL CHECK (entity_type IN ('project', 'commitment', 'fund', 'territory')),
    entity_id text COLLATE "C" NOT NULL,
    organisation_id text COLLATE "C",
    party_id text COLLATE "C",
    version bigint NOT NULL,
    content jsonb NOT NULL,
    suggested text[] NOT NULL DEFAULT '{}',
    twin_digest bytea,
    duplicate_of text COLLATE "C",
    submitted_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entity_type, entity_id)
);
CREATE INDEX submissions_twins ON submissions (entity_type, twin_digest) WHERE twin_digest IS NOT NULL;
CREATE INDEX submissions_of_organisation ON submissions (organisation_id, entity_type, entity_id);
CREATE INDEX submissions_of_party ON submissions (party_id, entity_type, entity_id) WHERE party_id IS NOT NULL;

-- Every version of an entity that was published.
CREATE TABLE versions (
    entity_type text NOT NULL,
    entity_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    content jsonb NOT NULL,
    duplicate_of text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entity_type, entity_id, version),
    FOREIGN KEY (entity_type, entity_id) REFERENCES submissions ON DELETE CASCADE
);

CREATE TABLE contacts (
    entity_type text NOT NULL,
    entity_id text COLLATE "C" NOT NULL,
    person_id text COLLATE "C" NOT NULL REFERENCES people ON DELETE CASCADE,
    PRIMARY KEY (entity_type, entity_id),
    FOREIGN KEY (entity_type, entity_id) REFERENCES submissions ON DELETE CASCADE
);
CREATE INDEX contacts_person ON contacts (person_id);

-- What each match concluded, once; kept apart, so that no later submission overwrites it. The digest is of the match's
-- id: it still tells a repeated event once a party is erased, and names nobody.
CREATE TABLE conclusions (
    match_digest bytea PRIMARY KEY,
    project_id text COLLATE "C",
    offer_type text,
    offer_id text COLLATE "C",
    kinds text[] NOT NULL,
    eur bigint NOT NULL CHECK (eur >= 0),
    days integer NOT NULL CHECK (days >= 0),
    concluded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX conclusions_of_project ON conclusions (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX conclusions_of_offer ON conclusions (offer_type, offer_id) WHERE offer_id IS NOT NULL;

-- Answers to requests that carried an Idempotency-Key.
CREATE TABLE kept_answers (
    actor text NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body jsonb NOT NULL,
    entity_type text NOT NULL,
    entity_id text COLLATE "C" NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, key)
);
CREATE INDEX kept_answers_of_entity ON kept_answers (entity_type, entity_id);
CREATE INDEX kept_answers_age ON kept_answers (kept_at);

-- The days that were said, one row each: a day is said once.
CREATE TABLE days_said (
    day date PRIMARY KEY,
    said_at timestamptz NOT NULL DEFAULT now()
);

-- How each feed was last read.
CREATE TABLE connectors (
    name text PRIMARY KEY,
    etag text,
    last_modified text,
    failures integer NOT NULL DEFAULT 0,
    polled_at timestamptz,
    next_poll_at timestamptz NOT NULL DEFAULT now(),
    problem text
);

-- How far each file was imported: same content, same place to resume from.
CREATE TABLE imports (
    file_digest bytea NOT NULL,
    organisation_id text NOT NULL,
    rows_done integer NOT NULL DEFAULT 0,
    accepted integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0,
    finished_at timestamptz,
    PRIMARY KEY (file_digest, organisation_id)
);
