"""Text of plans and people inside other languages: what is quoted stays text."""

from __future__ import annotations

import re

from egp.report.text import printable

_ACTIVE = re.compile(r"([\\`*_{}\[\]()#+!|<>~@$&^])")


def in_markdown(text: str) -> str:
    """Text that no renderer takes for markup, a mention or a link."""
    quoted = _ACTIVE.sub(r"\\\1", printable(text))
    return quoted.replace("://", ":\\//").replace("\\@", "@\N{ZERO WIDTH NON-JOINER}")
