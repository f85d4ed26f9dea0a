"""What evaluation councils found, taken over as certificates."""
