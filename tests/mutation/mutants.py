"""Which mutants there are: cosmic-ray's, of comparisons, of their bounds, of `and`, `or` and `not`."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

_REPLACED = {
    "Lt": ("LtE", "GtE"), "LtE": ("Lt", "Gt"), "Gt": ("GtE", "LtE"), "GtE": ("Gt", "Lt"),
    "Eq": ("NotEq",), "NotEq": ("Eq",), "Is": ("IsNot",), "IsNot": ("Is",),
}  # fmt: skip
"""Each comparison becomes its contrary, and one of amounts also the one that takes its bound the other way."""
_BOUNDS = "NumberReplacer"
_CONDITIONS = "AddNot"
OPERATORS = (
    *(f"ReplaceComparisonOperator_{old}_{new}" for old, others in _REPLACED.items() for new in others),
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    _CONDITIONS,
    "ReplaceUnaryOperator_Delete_Not",
    _BOUNDS,
)


class Place(NamedTuple):
    """Where a file can be mutated: which of an operator's places in it, counted from 0."""

    path: str
    line: int
    column: int
    operator: str
    occurrence: int


class Change(NamedTuple):
    """What a mutant is, wherever in its file the line stands."""

    path: str
    was: str
    becomes: str


class Mutant(NamedTuple):
    """A file with one change. ``was`` and ``becomes`` are the lines that differ."""

    place: Place
    was: str
    becomes: str
    source: str

    @property
    def change(self) -> Change:
        return Change(self.place.path, self.was, self.becomes)


def sampled(paths: Iterable[str], root: Path, size: int, seed: str) -> list[Mutant]:
    """So many mutants of these files, each as likely as any other; all, if there are no more.

    In the order in which they are drawn: those that were tried before somebody lost patience are a sample, too.
    """
    places = sorted(place for path in paths for place in places_in(path, root))
    random.Random(seed).shuffle(places)
    made = filter(None, (mutant_at(place, root) for place in places))
    return list(islice(made, size))


def mutant_at(place: Place, root: Path) -> Mutant | None:
    """The mutant of a place; None where it would be no Python."""
    source = (root / place.path).read_text(encoding="utf-8")
    changed = mutate_code(source, _operator(place.operator), place.occurrence)
    return Mutant(place, *_difference(source, changed), changed) if _compiles(changed) else None


def places_in(path: str, root: Path) -> Iterator[Place]:
    nodes = list(ast_nodes(get_ast((root / path).read_text(encoding="utf-8"))))
    for name in OPERATORS:
        operator = _operator(name)
        positions = ((node, start) for node in nodes for start, _ in operator.mutation_positions(node))
        for occurrence, (node, (line, column)) in enumerate(positions):
            if _is_taken(name, node):
                yield Place(path, line, column, name, occurrence)


def _is_taken(operator: str, node: Any) -> bool:
    """Whole numbers only, and only as bounds; a condition not where another operator turns it into its contrary."""
    if operator == _BOUNDS:
        return bool(node.parent.type == "comparison" and node.value.isdecimal())
    if operator == _CONDITIONS:
        condition = node.children[2 if node.type == "test" else 1]
        is_compared = condition.type == "comparison" and "in" not in condition.children[1].get_code().split()
        is_never_run = condition.get_code().strip() == "TYPE_CHECKING"
        return not (is_compared or is_never_run or condition.type == "not_test")
    return True


@cache
def _operator(name: str) -> Any:
    return get_operator(f"core/{name}")()


def _compiles(source: str) -> bool:
    try:
        compile(source, "", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _difference(source: str, changed: str) -> tuple[str, str]:
    """The lines of both texts between what they have in common at their beginning and end."""
    old, new = source.splitlines(), changed.splitlines()
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return "\n".join(map(str.strip, old)), "\n".join(map(str.strip, new))
