-- A contact's name and language are what was said of that entity; a person's own are theirs, or the operator's, to say.

ALTER TABLE contacts ADD COLUMN name text, ADD COLUMN language text;
