"""Paths into a document and their written form, the JSON pointer (RFC 6901)."""

from __future__ import annotations

import re

Key = str | int
Path = tuple[Key, ...]

_INDEX = r"0|[1-9][0-9]{0,17}"
_BAD_ESCAPE = r"~(?![01])"


class PointerError(ValueError):
    """A text that is not a JSON pointer."""


def pointer(path: Path) -> str:
    """The JSON pointer of a path: ``("variants", 0, "id")`` is ``/variants/0/id``."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)


def parse_pointer(pointer: str, value: object) -> Path:
    """The path that a JSON pointer names in a value; a step is an index exactly where the value has a list."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise PointerError(f"the pointer {pointer!r} must start with '/'")
    if re.search(_BAD_ESCAPE, pointer):
        raise PointerError(
            f"the pointer {pointer!r} has a '~' that is neither '~0' (for '~') nor '~1' (for '/')"
        )
    path: list[Key] = []
    for step in pointer[1:].split("/"):
        key = _key(step.replace("~1", "/").replace("~0", "~"), value)
        path.append(key)
        value = child(value, key)
    return tuple(path)


def _key(step: str, value: object) -> Key:
    return int(step) if isinstance(value, list) and re.fullmatch(_INDEX, step) else step


class _Absent:
    """What stands below a path that leads nowhere; None is a value of its own."""


ABSENT = _Absent()


def child(value: object, key: Key) -> object:
    """The part of a value that one step leads to, or ABSENT."""
    if isinstance(value, dict):
        return value.get(key, ABSENT)
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    return ABSENT
