"""Safe repairs as replacements of text, for tools that show them beside a finding: what `--fix` would write."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from egp.advice.edits import changed
from egp.plan.remedy import in_words
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.edit import Replacement, replacement
from egp.yaml.edits import EditError
from egp.yaml.files import read_regular

if TYPE_CHECKING:
    from egp.plan.finding import Diagnostic

_MOST = 100
"""Repairs that are proposed; a report with more has files that `--fix` should see first."""
_LONGEST = 100_000
"""Characters of a file for which each repair is made on trial."""


def proposed(diagnostics: Sequence[Diagnostic]) -> list[dict[str, Replacement]]:
    """For each diagnostic its safe repairs, by what they say."""
    read = cache(_text)
    found: list[dict[str, Replacement]] = []
    left = _MOST
    for diagnostic in diagnostics:
        safe = [each for each in diagnostic.remedies if each.repair == "safe"][:left]
        left -= len(safe)
        before = read(diagnostic.place.path) if safe else ""
        repairs: dict[str, Replacement] = {}
        for remedy in safe if before else ():
            try:
                after = changed(before, remedy.edits, diagnostic.place.document)
            except (EditError, LookupError):
                continue
            repairs[in_words(remedy, ())] = replacement(before, after)
        found.append(repairs)
    return found


def _text(path: str) -> str:
    """The text of a plan; empty where it cannot be had, or is too long."""
    try:
        text = read_regular(path, MAX_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    return text if len(text) <= _LONGEST else ""
