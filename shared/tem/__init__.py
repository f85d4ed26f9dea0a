"""What the three services must agree on, and the plumbing none of them should write twice."""
