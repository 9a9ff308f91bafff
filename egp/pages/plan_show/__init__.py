"""The plan as it is judged: what its file says, what others say for it, and where each of that is written."""
