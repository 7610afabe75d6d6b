"""The HTTP and WebSocket API of GIFDistributor."""
