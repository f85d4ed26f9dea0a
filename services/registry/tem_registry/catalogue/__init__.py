"""What is on record of producers, products, points of sale and contracts, and its public cards."""
