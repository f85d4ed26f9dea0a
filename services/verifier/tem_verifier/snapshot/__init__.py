"""What the published tables said at one moment, in one file that all workers map."""
