"""Foreign text in messages: short, on one line, and without anything a terminal would obey."""

from __future__ import annotations

_LONGEST = 40


def excerpt(text: str) -> str:
    """A text as it may stand in a message."""
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 10] + "\N{HORIZONTAL ELLIPSIS}" + text[-9:]
    return "".join(character if character.isprintable() else _spelt(character) for character in text)


def shown(text: str) -> str:
    """A text in quotes as it may stand in a message."""
    return f"'{excerpt(text)}'"


def _spelt(character: str) -> str:
    return f"<U+{ord(character):04X}>"
