"""Text of plans and people inside other languages: what is quoted stays text."""

from __future__ import annotations

import re

from egp.output.report.text import printable

_ACTIVE = re.compile(r"([\\`*_{}\[\]()#+!|<>~@$&^])")
_NON_JOINER = "\N{ZERO WIDTH NON-JOINER}"
_BARE_HOST = re.compile(r"\b(www)(?=[.])", re.IGNORECASE)


def in_markdown(text: str) -> str:
    """Text that no renderer takes for markup, a mention or a link."""
    quoted = _ACTIVE.sub(r"\\\1", printable(text))
    return without_autolinks(quoted.replace("://", ":\\//").replace("\\@", "@"))


def without_autolinks(text: str) -> str:
    """Text in which GitHub finds no mention and no host, as it does even where Markdown is not read."""
    return _BARE_HOST.sub(rf"\1{_NON_JOINER}", text.replace("@", f"@{_NON_JOINER}"))
