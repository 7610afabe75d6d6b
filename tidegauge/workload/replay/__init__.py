"""From the lines of access logs to the requests that a replay sends."""
