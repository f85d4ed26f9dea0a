"""Recognitions of products: rules, papers, withdrawal with its effects."""
