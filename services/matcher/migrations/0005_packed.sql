-- What a start reads instead of JSON: bytes as they are judged, and the name of how they were packed. No row is
-- rewritten here; rows without them are read as JSON, and packed by the matcher while it works.
ALTER TABLE whole_entities ADD COLUMN packed bytea, ADD COLUMN packed_as text;
ALTER TABLE projects ADD COLUMN packed bytea, ADD COLUMN packed_as text;

-- A matcher of an older release, at work beside this one, writes the JSON alone: the bytes of what it replaced, or
-- erased, go with that.
CREATE FUNCTION drop_packed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.packed IS NOT DISTINCT FROM OLD.packed THEN
        NEW.packed := NULL;
        NEW.packed_as := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER drop_packed BEFORE UPDATE OF version, body ON whole_entities FOR EACH ROW
    WHEN ((NEW.version, NEW.body) IS DISTINCT FROM (OLD.version, OLD.body)) EXECUTE FUNCTION drop_packed();
CREATE TRIGGER drop_packed BEFORE UPDATE OF version, body ON projects FOR EACH ROW
    WHEN ((NEW.version, NEW.body) IS DISTINCT FROM (OLD.version, OLD.body)) EXECUTE FUNCTION drop_packed();
