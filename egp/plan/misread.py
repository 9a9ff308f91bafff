"""A plan as rules may see it: what could not be read is unknown, and not absent.

A list that is refused would read as an empty one, and a rule that finds nothing in it would pass.
"""

from __future__ import annotations

from collections.abc import Iterable

from egp.plan.finding import NotChecked
from egp.plan.typed_reader import TypedMapping, ValueProblem
from egp.stats.hints import Any, TypeVar
from egp.yaml import Path

S = TypeVar("S", bound=TypedMapping)


def without_misread(plan: S, problems: Iterable[ValueProblem]) -> S:
    """The plan, in which looking at a value that was misread raises ``NotChecked`` at its path."""
    for problem in problems:
        if problem.kind in ("wrong-type", "ambiguous"):
            plan = _hidden(plan, problem.path, ())
    return plan


def _hidden(part: S, path: Path, above: Path) -> S:
    """The part without what lies at a path in it, as far as there are mappings on the way."""
    key, rest = path[0], path[1:]
    attribute = next((name for each, name, *_ in type(part).fields() if each == key), None)
    if attribute is None:
        return part
    value, at = vars(part).get(attribute), (*above, key)
    if isinstance(value, TypedMapping) and rest:
        return _with(part, attribute, _hidden(value, rest, at))
    if isinstance(value, tuple) and len(rest) > 1 and isinstance(rest[0], int):
        item = value[rest[0]]
        if isinstance(item, TypedMapping):
            inner = _hidden(item, rest[1:], (*at, rest[0]))
            return _with(part, attribute, (*value[: rest[0]], inner, *value[rest[0] + 1 :]))
    return _raising(part, attribute, at)


def _with(part: S, attribute: str, value: object) -> S:
    other = type(part).__new__(type(part))
    vars(other).update(vars(part))
    vars(other)[attribute] = value
    return other


def _raising(part: S, attribute: str, at: Path) -> S:
    def look(_: object) -> object:
        raise NotChecked(at)

    kind: type[TypedMapping] = type(part)
    hiding: Any = type(kind.__name__, (kind,), {attribute: property(look), "fields": kind.fields})
    other: S = hiding.__new__(hiding)
    vars(other).update(vars(part))
    return other
