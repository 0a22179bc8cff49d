"""What the services share: the contract of events, the reference data, the stream."""
