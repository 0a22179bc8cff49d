"""The HTTP interface of ingest: `/v1` for partners, `/internal` for the other services, `/docs` to learn it."""
