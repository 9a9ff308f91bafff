"""The life of a plan, read from git: written, registered, changed, amended, moved."""
