"""Production lots: their dates, recalls and public cards."""
