"""What history says of a plan's numbers, beside what the plan says."""
