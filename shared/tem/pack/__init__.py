"""Offline packs: the format, and a reader that needs Python alone (``docs/offline-packs.md``)."""
