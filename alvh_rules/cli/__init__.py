"""The command `alvh`."""
