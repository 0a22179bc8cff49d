-- Who is told what: matches as they stand, notices for parties, what waits for people, frozen mails, the ledger.

-- The last version heard of each match. Its body is kept while something about it waits to be told or to leave.
CREATE TABLE matches (
    match_id text PRIMARY KEY,
    version bigint NOT NULL,
    project_id text NOT NULL,
    offer_type text NOT NULL,
    offer_id text NOT NULL,
    body text
);
CREATE INDEX matches_by_project ON matches (project_id);
CREATE INDEX matches_by_offer ON matches (offer_type, offer_id);

-- One thing to tell one party, until it is known who answers for it.
CREATE TABLE notices (
    party_type text NOT NULL,
    party_id text NOT NULL,
    match_id text NOT NULL,
    kind text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    ask_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (match_id, kind, party_type, party_id)
);
CREATE INDEX notices_to_ask ON notices (ask_at);
CREATE INDEX notices_by_party ON notices (party_type, party_id);

-- People by ingest's opaque id, with what they chose. Their names and addresses are not kept here.
CREATE TABLE recipients (
    person_id text PRIMARY KEY,
    frequency text NOT NULL DEFAULT 'immediate',
    minimum text NOT NULL DEFAULT 'possible',
    version bigint NOT NULL DEFAULT 0
);

-- What one person is to be told, and from when on.
CREATE TABLE pending (
    person_id text NOT NULL REFERENCES recipients ON DELETE CASCADE,
    kind text NOT NULL,
    match_id text NOT NULL,
    party_type text NOT NULL,
    party_id text NOT NULL,
    since timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, kind, match_id)
);
CREATE INDEX pending_by_due ON pending (due_at);
CREATE INDEX pending_by_match ON pending (match_id);

-- Mails, frozen before they are sent. Address, bytes and the people named in them go once the mail has left.
CREATE TABLE mails (
    mail_id text PRIMARY KEY,
    person_id text NOT NULL,
    kind text NOT NULL,
    message_id text NOT NULL UNIQUE,
    state text NOT NULL DEFAULT 'frozen' CHECK (state IN ('frozen', 'sent', 'given-up')),
    recipient text,
    content bytea,
    mentions text[] NOT NULL DEFAULT '{}',
    frozen_at timestamptz NOT NULL,
    begun_at timestamptz,
    next_attempt_at timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    last_refusal integer,
    finished_at timestamptz,
    CHECK (state = 'frozen' OR (recipient IS NULL AND content IS NULL))
);
CREATE INDEX mails_to_send ON mails (next_attempt_at, mail_id) WHERE state = 'frozen';
CREATE INDEX mails_by_person ON mails (person_id);

-- Each (recipient, match, kind) is in exactly one mail, and so in one Message-ID.
CREATE TABLE ledger (
    person_id text NOT NULL,
    match_id text NOT NULL,
    kind text NOT NULL,
    party_type text NOT NULL,
    party_id text NOT NULL,
    mail_id text NOT NULL,
    message_id text NOT NULL,
    PRIMARY KEY (person_id, match_id, kind)
);
CREATE INDEX ledger_by_match ON ledger (match_id);
CREATE INDEX ledger_by_mail ON ledger (mail_id);

-- Ids that were erased, so that nothing said before it is told after it.
CREATE TABLE erased (
    subject text NOT NULL,
    subject_id text NOT NULL,
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (subject, subject_id)
);
