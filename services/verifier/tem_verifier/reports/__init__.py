"""What shoppers report of a stamp: read by rules, kept without a word about who sent it."""
