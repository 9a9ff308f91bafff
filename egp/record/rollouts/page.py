"""A format's page, read from its docstring: what it says, and examples that are its tests.

A block headed ``Reads:`` is a file; the next one, headed ``As:``, is what is read of it, as far as it is written there.
A block headed ``Not checked, saying "…":`` is a file of which a part cannot be known, and words of the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egp.stats.values import NamedTuple

_BLOCK = (
    r"(?ms)^(?P<kind>Reads|Not checked)(?:, (?:saying \"(?P<saying>[^\"]*)\"|(?P<title>[^\n:]*)))?:\n\n"
    r"```(?P<language>\w+)\n(?P<text>.*?)^```$"
    r"(?:\n\nAs:\n\n```yaml\n(?P<read>.*?)^```$)?"
)


class FormatExample(NamedTuple):
    """A file, and what it must be read as, or why it is not checked."""

    text: str
    language: str
    read: str
    saying: str


def examples(docstring: str) -> Iterator[FormatExample]:
    """The examples of a page, in order."""
    for match in re.finditer(_BLOCK, docstring):
        yield FormatExample(match["text"], match["language"], match["read"] or "", match["saying"] or "")
