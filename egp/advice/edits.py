"""Edits made in the text of a plan: the one way in which options, repairs and the solver change it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from egp.plan.experiment import Experiment
from egp.yaml import edit
from egp.yaml.edits import Edit


def changed(text: str, edits: Sequence[Edit], number: int = 0) -> str:
    """The file's text with edits made to one of its plans, a new key where the schema has it. Raises EditError."""
    return edit.changed(text, edits, number, _order())


@cache
def _order() -> tuple[str, ...]:
    return tuple(name for name, *_ in Experiment.fields())
