"""The feed of changes: what the registry published that tills are told at once, read by number."""
