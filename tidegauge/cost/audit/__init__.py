"""An estimate held against its own arithmetic, dated prices, the architecture and a run."""
