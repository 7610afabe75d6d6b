"""The load generator: Locust processes that send a run's sessions at their intended moments."""
