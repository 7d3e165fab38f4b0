"""Messages out: each that was decided is sent by its channel, retried, read back, and told of on the timeline."""
