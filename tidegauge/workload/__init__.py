"""What traffic to send: arrivals, popularity, schedules, logs, fits and replays; pure."""
