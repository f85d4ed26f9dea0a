"""Taking over a folder laid out like shared/sample, for real or as a dry run."""
