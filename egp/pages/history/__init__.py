"""The life of a plan, told from git: written, registered, changed, amended, moved."""
