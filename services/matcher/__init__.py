"""Ranks fits, keeps shortlists, proposes and withdraws matches."""
