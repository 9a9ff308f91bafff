"""Mutated inputs for the real commands, and what must hold whatever they are: see ``python -m tests.fuzz --help``."""
