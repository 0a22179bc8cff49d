-- What a start reads instead of JSON: bytes as they are judged, and the name of how they were packed. No row is
-- rewritten here; rows without them are read as JSON, and packed by the matcher while it works.
ALTER TABLE whole_entities ADD COLUMN packed bytea, ADD COLUMN packed_as text;
