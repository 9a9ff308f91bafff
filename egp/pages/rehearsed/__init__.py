"""What became of a plan that was rehearsed on its population's past: for people, and for programs."""
