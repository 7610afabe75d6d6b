"""What comes into the meter from outside: a fetch_… with files or a client beside a pure parse_…."""
