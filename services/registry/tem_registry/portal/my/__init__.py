"""A producer's own pages, for a phone first."""
