"""Stamps that show signs of being copied: the evidence, the list of them, canaries looked up."""
