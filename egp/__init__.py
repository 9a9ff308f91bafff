"""egp checks the plans of experiments against a governance policy, and recomputes their statistics."""

VERSION = "0.1.0"
