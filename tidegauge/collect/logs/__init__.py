"""Access logs in files, read as one table of requests; their formats are in workload/logs."""
