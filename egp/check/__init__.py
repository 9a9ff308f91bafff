"""The one pipeline: plans in, weighed findings out. Every verb that judges a plan calls it.

May import `gate` and the rooms below it. Read first: `pipeline.py`.
"""

from egp.check.pipeline import check

__all__ = ["check"]
