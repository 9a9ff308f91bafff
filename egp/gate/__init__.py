"""The gate: proceed, hold or roll back, from the plan, its registration and what has been seen so far."""
