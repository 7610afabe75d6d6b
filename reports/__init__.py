"""A record to one HTML file that needs no network."""
