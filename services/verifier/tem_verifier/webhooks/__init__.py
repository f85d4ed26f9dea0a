"""Webhooks: addresses of chains that are told of changes at once, each with its own secret."""
