"""The policy as it judges one plan: every rule, and for every value the line that sets it."""
