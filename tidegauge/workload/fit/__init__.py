"""From the requests of access logs to a plan that sends their like, and how far the two agree."""
