"""The office's pages, for a desk first."""
