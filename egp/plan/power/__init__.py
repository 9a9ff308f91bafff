"""Sample size, smallest effect or power, from options or for each metric of a plan."""
