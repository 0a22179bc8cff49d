-- When a party of a match that was held then was erased, until a tombstone tells that the matcher has heard of it: what it
-- says meanwhile is told to nobody, since the ledger has forgotten whom it was told to.
ALTER TABLE matches ADD COLUMN erased_at timestamptz;
