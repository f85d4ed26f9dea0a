"""The verifier, or public answer: what we tell the person, or the till, that scanned."""
