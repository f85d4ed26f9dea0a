"""Batches: print runs, hand-over, receipt, return, reconciliation."""
