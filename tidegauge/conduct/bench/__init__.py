"""The transcode bench as a child process, here or as tasks on ECS."""
