"""Ranking quality, on projects that a public fund paid and on the samples: a table, and floors under it."""
