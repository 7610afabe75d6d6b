"""From a run folder's rows to its documents: summary, cost, verdict files and report."""
