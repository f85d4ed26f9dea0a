"""The same stamps and products at GS1 Digital Link addresses."""
