"""Path patterns of policies: ``*`` within a folder, ``**`` across folders, ``?`` one character."""

from __future__ import annotations

import re
from functools import cache, lru_cache

_PARTS = r"(\*\*/|\*\*|\*|\?)"
_MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_FEW = 2
"""Wildcards of a pattern that a regular expression matches in bearable time; with more it may try every division."""

_LONGEST = 1_000
"""Characters of a path that such an expression is applied to."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(
        "".join(_MEANING.get(part) or re.escape(part) for part in re.split(_PARTS, pattern)), re.DOTALL
    )


def matches(path: str, pattern: str) -> bool:
    """Whether a path, relative and with forward slashes, matches the pattern as a whole."""
    if pattern.count("*") <= _FEW and len(path) <= _LONGEST:
        return _compiled(pattern).fullmatch(path) is not None
    return _matches_slowly(path, pattern)


@lru_cache(10_000)
def _matches_slowly(path: str, pattern: str) -> bool:
    return _is_match(path, _steps(pattern))


@cache
def _steps(pattern: str) -> tuple[str, ...]:
    """The pattern, a wildcard or a character at a time; a wildcard beside the same one says nothing more."""
    found: list[str] = []
    for part in re.split(_PARTS, pattern):
        if part not in _MEANING:
            found += part
        elif part == "?" or not found or found[-1] != part:
            found.append(part)
    return tuple(found)


def _is_match(path: str, steps: tuple[str, ...]) -> bool:
    """All ways to read the path at once, so that the work is the path's length times the pattern's."""
    reached = _with_skips({(0, False)}, steps)
    for character in path:
        reached = _with_skips({after for at in reached for after in _after(at, character, steps)}, steps)
        if not reached:
            return False
    return (len(steps), False) in reached


def _with_skips(reached: set[tuple[int, bool]], steps: tuple[str, ...]) -> set[tuple[int, bool]]:
    """The same with the places behind wildcards that stand for nothing. True: inside of a folder's name, for ``**/``."""
    found, new = set(reached), list(reached)
    while new:
        at, is_inside = new.pop()
        if (
            not is_inside
            and at < len(steps)
            and steps[at] in ("*", "**", "**/")
            and (at + 1, False) not in found
        ):
            found.add((at + 1, False))
            new.append((at + 1, False))
    return found


def _after(place: tuple[int, bool], character: str, steps: tuple[str, ...]) -> list[tuple[int, bool]]:
    at, is_inside = place
    if at == len(steps):
        return []
    step = steps[at]
    if step == "**/":
        return [(at, character != "/")] if character != "/" or is_inside else []
    if step == "**" or (step == "*" and character != "/"):
        return [(at, False)]
    fits = character != "/" if step == "?" else character == step and step not in _MEANING
    return [(at + 1, False)] if fits else []


def fixed_folder(pattern: str) -> str:
    """The leading folders of a pattern that hold no wildcard: where a search for it starts."""
    folders = pattern.split("/")[:-1]
    fixed = next((at for at, name in enumerate(folders) if "*" in name or "?" in name), len(folders))
    return "/".join(folders[:fixed])
