"""Bills as AWS exports them: Cost and Usage Reports 2.0 and FOCUS 1.x, as CSV, gzip or Parquet."""
