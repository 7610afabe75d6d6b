"""Axes, bars, numbers, tables and SVG, for every section."""
