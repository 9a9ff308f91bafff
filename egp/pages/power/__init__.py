"""``egp power``: size, smallest effect or power of a test, from options or metric by metric from a plan."""
