"""What must hold of the stored state."""
