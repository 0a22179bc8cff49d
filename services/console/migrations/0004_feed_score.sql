-- How well a change's match fits, for who follows the best ones alone; what is kept already passes any filter.

alter table feed add column score double precision not null default 1;
