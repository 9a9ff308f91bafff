"""Plain values as YAML on one line: the same value gives the same bytes, and reads back as the same value."""

from __future__ import annotations

import math
import re

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_BARE_VALUE = re.compile(r"[a-z]+(?:_[a-z]+)*|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def flow(value: object) -> str:
    """A mapping, list, text, number, date, truth or nothing."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key(name)}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        is_bare = _BARE_VALUE.fullmatch(value) and value not in _RESERVED
        return value if is_bare else _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return {"inf": ".inf", "-inf": "-.inf"}.get(str(value), ".nan")
    return "null" if value is None else str(value)


def key(text: str) -> str:
    """A text as a key."""
    # `on` is bare as a key of a registration: egp reads YAML 1.2, in which it is a text.
    is_bare = _BARE.fullmatch(text) and (text == "on" or text.lower() not in _RESERVED)
    return text if is_bare else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
