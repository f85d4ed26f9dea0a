"""The record as EPCIS 2.0 events."""
