"""Mechanical repairs: what a plan evidently says, in the spelling egp reads.

A safe repair gives a value or key the spelling of what it can only mean. An unsafe one decides something: which key
a misspelt one was meant to be, or the sample size where none is declared. What needs judgement is not repaired.
"""

from __future__ import annotations
