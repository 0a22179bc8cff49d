"""The stream's side: what hearing, handling and telling cost on a real Kafka and a real PostgreSQL."""
