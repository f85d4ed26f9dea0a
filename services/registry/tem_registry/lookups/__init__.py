"""What the verifier counts and shoppers report, asked for by HTTP."""
