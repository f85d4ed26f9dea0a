"""Offline packs: handed out as the registry made them, and asked on a machine without network."""
