"""Orders of stamps: requested, decided, sent to the issuer, put on record as batches."""
