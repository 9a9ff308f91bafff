"""When two names are one: ids, flags, layers, surfaces, roles and the handles of people.

What only looks different makes no second person and no second experiment: wide letters, capitals, dashes of another
length, letters of another alphabet that look like Latin ones, and characters that nobody sees.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import category, normalize

_ALIKE = {
    "a": "аАαΑ", "b": "вВβΒ", "c": "сС", "d": "ԁ", "e": "еЕεΕ", "h": "һНηΗ", "i": "іІιΙıӏ", "j": "јЈ", "k": "кКκΚ", "l": "ǀ",
    "m": "мМΜ", "n": "νΝ", "o": "оОοΟ", "p": "рРρΡ", "q": "ԛ", "s": "ѕЅ", "t": "тТτΤ", "u": "υ", "v": "ѵ", "w": "ԝ",
    "x": "хХχΧ", "y": "уУүҮΥ", "z": "ζΖ",
}  # fmt: skip
_LOOK_ALIKE = str.maketrans({like: letter for letter, alike in _ALIKE.items() for like in alike})
"""Cyrillic, Greek and other letters that a reader takes for Latin ones."""

_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs without a shape."""


def folded(name: str) -> str:
    """The name for comparison."""
    if name.isascii() and name.isprintable():
        plain = name.strip().casefold()
        return (
            name if plain == name else plain
        )  # of ten thousand plans only the names are kept, and each once
    return _folded(name)


@lru_cache(1000)
def _folded(name: str) -> str:
    plain = "".join(map(_plain, normalize("NFKC", normalize("NFKC", name).casefold())))
    return plain.translate(_LOOK_ALIKE).strip()


def _plain(character: str) -> str:
    kind = category(character)
    if kind == "Pd":
        return "-"
    if character.isspace():
        return " "
    return "" if kind in ("Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me") or character in _UNSEEN else character


def is_plain(name: str) -> bool:
    """Whether every character of a name is seen, on one line."""
    return name.isprintable() and (
        name.isascii()
        or not any(each in _UNSEEN or category(each) in ("Mn", "Me") for each in normalize("NFC", name))
    )
