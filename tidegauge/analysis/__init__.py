"""Pure analysis of a run's frames: no files, no clock, no output."""
