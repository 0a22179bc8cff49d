"""French text made comparable: folding, terms, vectors, and prediction from exported arrays."""
