"""Two-step forgetting: off the published tables, then out of the record."""
