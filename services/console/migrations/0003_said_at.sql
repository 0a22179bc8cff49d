-- When what is held was said: an erasure heard late takes only what was said before it.

alter table territories add column said_at timestamptz not null default '-infinity';
alter table projects add column said_at timestamptz not null default '-infinity';
alter table offers add column said_at timestamptz not null default '-infinity';
