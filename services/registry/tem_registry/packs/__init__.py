"""Offline packs: read out of the published tables, signed, published (docs/offline-packs.md)."""
