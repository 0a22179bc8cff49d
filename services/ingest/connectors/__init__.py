"""Feeds of funders, turned into submissions of funds."""
