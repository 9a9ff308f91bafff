"""Plain values as people write them in YAML: on one line, and in quotes only where they would read as something else."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from egp.yaml import read_text

_OLD_WORDS = frozenset(("y", "n", "yes", "no", "on", "off"))
"""Texts that readers of YAML 1.1 take for true or false."""


def written(value: object) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written_name(key)}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(written, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return written_text(value) if isinstance(value, str) else repr(value)


def written_text(value: str, quote: str = "") -> str:
    """A text in the quotes it had, or without quotes where it needs none."""
    if not quote and value.lower() in _OLD_WORDS:
        quote = '"'
    return written_name(value, quote)


def written_name(value: str, quote: str = "") -> str:
    """A key; `on` is one like any other."""
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if not quote and _reads_as_itself(value):
        return value
    return quoted(value)


def quoted(value: str) -> str:
    """A text in double quotes, what cannot be seen escaped."""
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character == "\n":
        return "\\n"
    return character if character.isprintable() else f"\\U{ord(character):08X}"


@lru_cache(maxsize=4096)
def _reads_as_itself(text: str) -> bool:
    if not text.isprintable():
        return False
    written = ((f"[{text}]", [text]), (f"{{{text}: 0}}", {text: 0}), (f"a: {text}", {"a": text}))
    return all(read == value for read, value in ((_sound(source), value) for source, value in written))


def _sound(text: str) -> Any:
    """What a text says; None for one with problems."""
    document = read_text(text)[0]
    return None if document.problems else document.value
