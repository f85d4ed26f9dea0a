"""Who did what, and how it stays provable: the audit trail and its checkpoints."""
