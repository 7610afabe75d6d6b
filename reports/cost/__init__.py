"""Sections on money: what the run cost, and the audited estimate."""
