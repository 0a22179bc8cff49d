-- What the console heard: entities and matches as they now stand, and the feed that live pages follow.

create table territories (
  territory_id text primary key,
  body jsonb not null
);

create table projects (
  project_id text primary key,
  owner_id text not null,
  title text not null,
  status text not null,
  challenge_id text,
  words tsvector not null,
  body jsonb not null
);
create index projects_challenge on projects (challenge_id);
create index projects_words on projects using gin (words);

create table offers (
  offer_type text not null check (offer_type in ('commitment', 'fund')),
  offer_id text not null,
  organisation_id text not null,
  title text not null,
  status text not null,
  words tsvector not null,
  body jsonb not null,
  primary key (offer_type, offer_id)
);
create index offers_words on offers using gin (words);

create table matches (
  match_id text primary key,
  project_id text not null,
  offer_type text not null,
  offer_id text not null,
  territories text[] not null,
  challenge_id text,
  categories text[] not null,
  kinds text[] not null,
  state text not null,
  score integer not null,
  proposed_at timestamptz not null,
  changed_at timestamptz not null,
  body jsonb not null
);
comment on column matches.score is 'Millionths.';
create index matches_project on matches (project_id, score desc);
create index matches_offer on matches (offer_type, offer_id, score desc);
create index matches_territories on matches using gin (territories);
create index matches_changed on matches (changed_at desc, match_id);

create table feed (
  feed_id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  match_id text not null,
  change text not null,
  state text not null,
  territories text[] not null,
  challenge_id text,
  categories text[] not null,
  kinds text[] not null
);
comment on table feed is 'Numbered under one advisory lock taken last in its transaction: in the order of commits.';
create index feed_match on feed (match_id);
create index feed_at on feed (at);

create table deliveries (
  delivery_id text primary key,
  person_id text not null,
  kind text not null,
  match_ids text[] not null,
  outcome text not null,
  at timestamptz not null
);
create index deliveries_matches on deliveries using gin (match_ids);
create index deliveries_person on deliveries (person_id, at desc);
