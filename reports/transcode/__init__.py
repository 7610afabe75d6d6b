"""The section on the transcode bench."""
