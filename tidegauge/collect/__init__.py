"""What comes from outside into the meter: files, here and elsewhere."""
