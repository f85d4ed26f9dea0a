"""The registry, or record: what is the state of every stamp."""
