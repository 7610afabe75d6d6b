"""What a run consumed: clients' requests and a stack's counters or metrics, as usage by flow."""
