"""Text of plans and people inside other languages: what is quoted stays text."""

from __future__ import annotations

import re

from egp.output.report.text import printable

_ACTIVE = re.compile(r"([\\`*_{}\[\]()#+!|<>~@$&^])")
_NON_JOINER = "\N{ZERO WIDTH NON-JOINER}"
_OPENING = re.compile(r"\](?=[(\[:])|<|:(?=//)|#(?=\d)")
_BARE_HOST = re.compile(r"\b(www)(?=[.])", re.IGNORECASE)


def in_markdown(text: str) -> str:
    """Text that no renderer takes for markup, a mention or a link."""
    quoted = _ACTIVE.sub(r"\\\1", printable(text))
    return without_autolinks(quoted.replace("://", ":\\//").replace("\\@", "@"))


def without_links(text: str) -> str:
    """Text without links, images, tags and mentions where Markdown is read, and without a backslash where it is not."""
    parted = _OPENING.sub(rf"\g<0>{_NON_JOINER}", printable(text))
    return without_autolinks(parted)


def without_autolinks(text: str) -> str:
    """Text in which GitHub finds no mention and no host, as it does even where Markdown is not read."""
    return _BARE_HOST.sub(rf"\1{_NON_JOINER}", text.replace("@", f"@{_NON_JOINER}"))
