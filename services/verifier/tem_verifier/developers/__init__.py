"""The page for who connects a chain's tills: steps, limits, error codes, webhooks."""
