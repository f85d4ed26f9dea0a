"""Pictures and documents: what was sent, and the pictures drawn anew for the public."""
