"""Options of rules, as policies set them."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from egp.document import Path
from egp.quantity import Change, Measure, Share, shown
from egp.rule import AtLeast, Params, Rule, load
from egp.shape import Money, PartReader, Problem, nearest, reader_of, required_type

if TYPE_CHECKING:
    from collections.abc import Mapping


class Bound(NamedTuple):
    """How small an amount may be: less would make a rule ask nothing, or nonsense."""

    least: float
    is_allowed: bool
    """Whether the least amount itself may be set."""

    def __str__(self) -> str:
        return f"at least {self.least:g}" if self.is_allowed else f"more than {self.least:g}"

    def excludes(self, amount: float) -> bool:
        return amount < self.least or (amount == self.least and not self.is_allowed)


class Option(NamedTuple):
    """An option of a rule."""

    of_type: Any
    meaning: str
    """What it is, and how small it may be."""
    default: object
    bound: Bound | None


def declared_params(rule: Rule) -> dict[str, Option]:
    """Every option of the rule by name."""
    found: dict[str, Option] = {}
    for name, hint in get_type_hints(rule.params, include_extras=True).items():
        of_type, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint, "")
        bound = _bound(of_type, notes)
        meaning = f"{notes[0]}; {bound}" if bound else notes[0]
        found[name] = Option(of_type, meaning, getattr(rule.params, name), bound)
    return found


def _bound(of_type: Any, notes: list[Any]) -> Bound | None:
    """What the option declares, or else what amounts of its kind must be."""
    declared = next((note for note in notes if isinstance(note, AtLeast)), None)
    if declared:
        return Bound(declared.least, True)
    wanted = required_type(of_type)
    if get_origin(wanted) is dict:
        wanted = get_args(wanted)[1]
    if wanted is int:
        return Bound(1, True)
    return Bound(0, False) if wanted in (float, Share, Money, Change, timedelta) else None


@cache
def _readers(rule_id: str) -> dict[str, tuple[PartReader, Bound | None]]:
    return {
        name: (reader_of(option.of_type), option.bound)
        for name, option in declared_params(load(rule_id)).items()
    }


def read_params(rule: Rule, values: Mapping[str, object], path: Path, problems: list[Problem]) -> Params:
    """The rule's options with the given ones set; what does not fit is appended to ``problems``."""
    if not values:
        return rule.params()
    readers = _readers(rule.id)
    read: dict[str, object] = {}
    for name, value in values.items():
        if name not in readers:
            problems.append(_unknown_param(rule, name, path))
            continue
        reader, bound = readers[name]
        read[name] = reader(value, (*path, name), problems)
        if bound:
            problems.extend(_too_small(rule, read[name], value, bound, (*path, name)))
    return rule.params(**read)


def _too_small(rule: Rule, read: object, written: object, bound: Bound, path: Path) -> list[Problem]:
    if isinstance(read, dict) and isinstance(written, dict):
        each = [_too_small(rule, item, written[key], bound, (*path, key)) for key, item in read.items()]
        return [problem for problems in each for problem in problems]
    amount = _amount(read)
    if amount is None or not bound.excludes(amount):
        return []
    message = f"`{path[-1]}` of {rule.id} is {shown(written)}, where {bound} is meant"
    return [Problem(path, "wrong-type", message, f"set it to {bound}; `severity: off` switches the rule off")]


def _amount(read: object) -> float | None:
    """The number behind an option's value; None where it has none, or did not fit."""
    if isinstance(read, timedelta):
        return read.total_seconds()
    if isinstance(read, (Measure, Change)):
        return read.value
    return read if isinstance(read, (int, float)) else None


def _unknown_param(rule: Rule, name: str, path: Path) -> Problem:
    known = list(_readers(rule.id))
    guess = nearest(name, known)
    hint = f", did you mean `{guess}`?" if guess else ""
    options = f"options of {rule.id}: {', '.join(known)}" if known else f"{rule.id} has no options"
    return Problem((*path, name), "unknown-key", f"{rule.id} has no option `{shown(name)}`{hint}", options)
