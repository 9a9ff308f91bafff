"""The one pipeline: plans in, weighed findings out. Every other verb calls it."""

from egp.check.pipeline import check

__all__ = ["check"]
