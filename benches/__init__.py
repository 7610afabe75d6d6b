"""pytest-benchmark suites, and their results as the documents of the meter."""
