"""GIFDistributor itself: API, worker and consumer; every setting comes from the environment, as on AWS."""
