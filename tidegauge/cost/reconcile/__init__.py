"""What was billed beside what was expected, and the difference by name."""
