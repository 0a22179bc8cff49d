"""Every SQL statement of ingest, by what it is about."""
