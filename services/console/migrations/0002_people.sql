-- Who uses the console: ids and rights alone; names and addresses stay with ingest.

create table people (
  person_id text primary key,
  projects text[] not null,
  commitments text[] not null,
  funds text[] not null,
  territories text[] not null,
  organisations text[] not null,
  refreshed_at timestamptz not null
);

create table sign_in_links (
  token_hash bytea primary key,
  person_id text,
  expires_at timestamptz not null
);
comment on column sign_in_links.person_id is 'Null for who is not known yet: the mailed link itself carries the address, signed.';

create table sessions (
  token_hash bytea primary key,
  person_id text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sessions_person on sessions (person_id);

create table attempts (
  subject bytea not null,
  at timestamptz not null default now()
);
comment on table attempts is 'Sign-in requests by keyed hash of the address or of the network address, to bound them.';
create index attempts_subject on attempts (subject, at);

create table preferences (
  person_id text primary key,
  frequency text not null,
  minimum text not null,
  language text not null
);

create table answers (
  answer_id uuid primary key,
  match_id text not null,
  project_id text not null,
  side text not null,
  answer text not null,
  reason text,
  show_reason boolean not null,
  amount_eur bigint,
  days integer,
  person_id text,
  given_at timestamptz not null,
  due_at timestamptz not null,
  announced_at timestamptz
);
comment on table answers is 'What was answered here; a decline waits until due_at, so that it can be taken back.';
create index answers_match on answers (match_id, given_at);
create index answers_due on answers (due_at) where announced_at is null;
