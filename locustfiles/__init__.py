"""Traffic: a flow a file, a function a session."""
