"""Sections on the run: verdict, latency, cache, generator and provenance."""
