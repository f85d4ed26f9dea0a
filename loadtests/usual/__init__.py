"""The usual design, as a peer: one row per stamp in PostgreSQL, asked by Flask with SQLAlchemy.

Kind to itself where there was a choice: the certificate and the shops stand in the product's row
(one join less each), nothing is counted or logged, no limit is kept, and all of it fits into
PostgreSQL's memory. Its database works on the one core that is measured, as our record does.
"""
