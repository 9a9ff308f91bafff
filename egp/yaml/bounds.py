"""How much a document may ask of the reader. A plan of 150 lines uses less than a hundredth of any of these."""

from __future__ import annotations

MAX_BYTES = 1_000_000
"""Size of a file; a larger one is refused by its size alone, unread."""

MAX_NESTING = 100
"""Levels of mappings and lists inside each other, those that an alias brings along included."""

MAX_EXPANSION = 10_000
"""Values that all aliases of a document may stand for together."""

MAX_DOCUMENTS = 100
"""Documents in one file; each is judged by every rule, and a file is judged in a bearable time."""

MAX_EVENTS = 150_000
"""Values, brackets and ends of them in one document: what a megabyte of the densest table has. Each takes memory."""

MAX_ITEMS = 400
"""Items of a list in a plan: more than a year of daily looks; what compares each with each stays bearable."""

MAX_PROBLEMS = 50
"""Problems reported for one document; a text with more is not a plan with slips but another kind of file."""

MAX_DIGITS = 200
"""Characters of an integer; beyond, it is no quantity and would overflow a float."""
