"""Tills: whose key it is, what was sold and what came back."""
