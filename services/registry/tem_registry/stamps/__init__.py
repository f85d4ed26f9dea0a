"""Ranges of stamps: their states, the moves between them, voids and revocations."""
