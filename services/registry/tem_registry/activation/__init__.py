"""Stamps tied to lots: activation, and its correction."""
