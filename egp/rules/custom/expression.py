"""What a CEL expression speaks of, read from its text: the paths of the plan in it, and the names it introduces.

The library tells which key a plan lacks, not where, and which names an expression has, not which of them it declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from egp.stats.values import NamedTuple
from egp.yaml import Path
from egp.yaml.pointer import ABSENT, child

LONGEST = 2_000
"""Characters of an expression."""

_MOST_PLACES = 10_000
"""Places of a plan that are searched for a missing key."""

_TOKEN = re.compile(
    r"""
    (?P<text>[rRbB]{0,2}(?:\"{3}(?:\\.|.)*?\"{3}|'{3}(?:\\.|.)*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9][0-9A-Za-z.]*)
    |//[^\n]*|\s+
    |(?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LOOPS = frozenset(("all", "exists", "exists_one", "existsOne", "map", "filter"))
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class _Each:
    """Every item of a list: a step of a pattern."""


EACH = _Each()
Step = str | int | _Each
Pattern = tuple[Step, ...]
"""A path of the plan in which a step may stand for every item of a list."""


class Spoken(NamedTuple):
    """What an expression speaks of."""

    paths: tuple[Pattern, ...]
    """Paths of the plan, in the order in which they are written."""
    declared: frozenset[str]
    """Names that its loops declare."""


@lru_cache
def spoken(expression: str) -> Spoken:
    """The paths and names of an expression."""
    reader = _Reader(_tokens(expression))
    reader.read()
    return Spoken(tuple(dict.fromkeys(reader.paths)), frozenset(reader.declared))


def first_path(expression: str) -> Path:
    """The first path of the plan that the expression speaks of, as far as it says so without a loop."""
    for pattern in spoken(expression).paths:
        plain: list[str | int] = []
        for step in pattern:
            if isinstance(step, _Each):
                break
            plain.append(step)
        if plain:
            return tuple(plain)
    return ()


def missing_path(expression: str, key: object, plan: object) -> Path | None:
    """Where the plan lacks a key that the expression requires; None if it does not lack it itself."""
    for pattern in spoken(expression).paths:
        for path in islice(_lacking(pattern, plan, ()), _MOST_PLACES):
            if path and path[-1] == key:
                return path
    return None


def _lacking(pattern: Sequence[Step], value: object, above: Path) -> Iterator[Path]:
    """Paths that fit the pattern up to a key that is not there."""
    if not pattern:
        return
    step, *rest = pattern
    if isinstance(step, _Each):
        for position, item in enumerate(value if isinstance(value, list) else ()):
            yield from _lacking(rest, item, (*above, position))
        return
    part = child(value, step)
    if part is ABSENT:
        yield (*above, step)
    else:
        yield from _lacking(rest, part, (*above, step))


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(expression: str) -> list[_Token]:
    return [
        _Token(match.lastgroup, match[0])
        for match in _TOKEN.finditer(expression)
        if match.lastgroup is not None
    ]


class _Reader:
    """One pass over the tokens of an expression, which is known to be well formed."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self.tokens = tokens
        self.paths: list[Pattern] = []
        self.declared: dict[str, list[Pattern]] = {}
        """Name → the paths whose items it stands for."""
        self._ends = _matching(tokens)

    def read(self) -> None:
        for at, token in enumerate(self.tokens):
            is_part = at > 0 and self.tokens[at - 1].text == "."
            if is_part and token.text in _LOOPS and self._text(at + 1) == "(":
                self.declared.setdefault(self._text(at + 2), [])
            elif token.kind == "name" and not is_part:
                for start in self._meaning(token.text):
                    self._chain(start, at + 1)

    def _meaning(self, name: str) -> Sequence[Pattern]:
        return [()] if name == "plan" else self.declared.get(name, ())

    def _text(self, at: int) -> str:
        return self.tokens[at].text if at < len(self.tokens) else ""

    def _chain(self, pattern: Pattern, at: int) -> None:
        """Follows `.key`, `["key"]` and `[0]`, through filters, up to another call."""
        while True:
            step = self._index(at) if self._text(at) == "[" else None
            if step is not None:
                pattern, at = (*pattern, step), self._ends[at] + 1
            elif self._text(at) == "." and self._text(at + 2) != "(":
                pattern, at = (*pattern, self._text(at + 1)), at + 2
            elif self._text(at) == "." and self._text(at + 1) in _LOOPS:
                self.declared.setdefault(self._text(at + 3), []).append((*pattern, EACH))
                if self._text(at + 1) != "filter":
                    break
                at = self._ends.get(at + 2, len(self.tokens)) + 1
            else:
                break
        if pattern and pattern[-1] is not EACH:
            self.paths.append(pattern)

    def _index(self, at: int) -> str | int | None:
        """What stands in brackets, if it is a text or a number alone."""
        if self._text(at + 2) != "]":
            return None
        token = self.tokens[at + 1]
        if token.kind == "text" and "\\" not in token.text and token.text[0] in "\"'":
            return token.text.strip(token.text[0])
        return int(token.text) if token.kind == "number" and token.text.isdigit() else None


def _matching(tokens: Sequence[_Token]) -> Mapping[int, int]:
    """Position of an opening bracket → position of the one that closes it."""
    ends: dict[int, int] = {}
    open_at: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind == "sign" and token.text in _CLOSING:
            open_at.append(at)
        elif token.kind == "sign" and token.text in _CLOSING.values() and open_at:
            ends[open_at.pop()] = at
    return ends
