"""Load tests, transcode benchmarks and cost per request for a media-distribution stack."""
