"""What an unquoted scalar means: the core schema of YAML 1.2.

``no``, ``on``, ``1_000``, ``1:30`` and dates are strings there; a plan's own types give them a meaning later.
"""

from __future__ import annotations

import re
from math import inf, isinf, nan

from egp.yaml.bounds import MAX_DIGITS
from egp.yaml.wording import excerpt, shown

Scalar = str | int | float | bool | None

WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), nan),
}
"""The scalars that are spelt out in the schema."""

NUMBER_START = frozenset("+-.0123456789")

_DIGITS = frozenset("0123456789")
_DECIMAL = frozenset("+-.0123456789eE")
"""What such numbers consist of. What Python reads as a number and YAML does not has other characters."""
_PREFIXED = r"0o[0-7]+|0x[0-9a-fA-F]+"
_NONZERO_MANTISSA = r"[^eE]*[1-9]"
"""Compiled when first needed, which in most runs is never."""

_STANDARD = "tag:yaml.org,2002:"
_NON_SPECIFIC = "!"


class WrittenInt(int):
    """An integer that Python would write otherwise; as a text it is what the document says."""

    written: str

    def __str__(self) -> str:
        return self.written


class WrittenFloat(float):
    """A number that Python would write otherwise: ``1.10`` may be the name of a release."""

    written: str

    def __str__(self) -> str:
        return self.written


class NumberError(ValueError):
    """A number that is written properly but cannot be held."""


class TagError(ValueError):
    """A tag that is unknown here, or that its value contradicts."""


def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar without a tag."""
    if text in WORDS:
        return WORDS[text]
    return number(text) if text[0] in NUMBER_START else text


def number(text: str) -> Scalar:
    """The number that a text spells, or the text itself when it spells none."""
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    if unsigned and _DIGITS.issuperset(unsigned):
        return _as_written(int(_short(text)), text)
    if _DECIMAL.issuperset(text):
        try:
            return _as_written(_finite(text), text)
        except NumberError:
            raise
        except ValueError:
            return text
    if text[:2] in ("0o", "0x") and re.fullmatch(_PREFIXED, text):
        return _as_written(int(_short(text), 0), text)
    return text


def _as_written(value: float, text: str) -> float:
    """The number, which remembers its text where that is not the one that Python gives it."""
    if str(value) == text:
        return value
    remembering = WrittenInt(value) if isinstance(value, int) else WrittenFloat(value)
    remembering.written = text
    return remembering


def _short(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise NumberError(f"an integer of {len(text):,} characters is too long")
    return text


def _finite(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise NumberError(f"{excerpt(text)} is larger than a number can be")
    if value == 0 and re.match(_NONZERO_MANTISSA, text):
        raise NumberError(f"{excerpt(text)} is smaller than a number can be")
    return value


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar that carries a tag, quoted or not."""
    if tag in (_NON_SPECIFIC, _STANDARD + "str"):
        return text
    wanted = _TYPES.get(tag)
    if wanted is None:
        raise TagError(f"the tag {shown_tag(tag)} is not known here")
    value = resolve(text)
    found = _NUMBERS.get(type(value), type(value))
    if found is int and wanted is float:
        return float(value)  # type: ignore[arg-type]
    if found is not wanted:
        raise TagError(f"{shown(text)} does not fit its tag {shown_tag(tag)}")
    return value


_TYPES: dict[str, type] = {
    _STANDARD + "int": int,
    _STANDARD + "float": float,
    _STANDARD + "bool": bool,
    _STANDARD + "null": type(None),
}


_NUMBERS: dict[type, type] = {WrittenInt: int, WrittenFloat: float}


def check_collection_tag(tag: str, value: object) -> None:
    """Refuse a tag that a mapping or a list cannot have."""
    expected = _STANDARD + ("map" if isinstance(value, dict) else "seq")
    if tag not in (_NON_SPECIFIC, expected):
        raise TagError(f"the tag {shown_tag(tag)} is not known here, or not for a {_NOUNS[type(value)]}")


_NOUNS: dict[type, str] = {dict: "mapping", list: "list"}


def shown_tag(tag: str) -> str:
    """A tag as authors write it."""
    return excerpt("!!" + tag.removeprefix(_STANDARD) if tag.startswith(_STANDARD) else tag)
