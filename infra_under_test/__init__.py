"""The system under test: GIFDistributor, and what runs it on one machine."""
