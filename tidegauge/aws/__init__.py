"""The only maker of AWS clients; ECS tasks, the lease on a stack, files passed between machines."""
