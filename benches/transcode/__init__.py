"""The bench of the ffmpeg core: time, memory, size, quality and cost a cell."""
