"""From a plan to rows on disk; whoever looks on is told as a listener."""
