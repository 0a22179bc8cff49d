"""The local stack: real Kafka and PostgreSQL from Python packages alone."""
