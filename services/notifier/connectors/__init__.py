"""Reads of other services."""
