-- The processes at work, with the text model that they score with: two models never judge at the same time.
CREATE TABLE matchers (
    owner text PRIMARY KEY,
    address text NOT NULL,
    model text NOT NULL,
    seen_at timestamptz NOT NULL
);
