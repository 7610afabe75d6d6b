"""What a transcode bench answers: which profile, which preset, CPU or GPU, and for how much."""
