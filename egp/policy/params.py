"""Options of rules, as policies set them."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, get_args, get_origin, get_type_hints

from egp.plan.quantity import Interval, Measure, MetricChange, Share, shown
from egp.plan.typed_reader import Money, PartReader, ValueProblem, nearest, reader_of, required_type
from egp.plan.wording import length
from egp.rules.rule import AppliedByGate, AtLeast, Params, Stricter
from egp.yaml import Path

if TYPE_CHECKING:
    from collections.abc import Mapping


class Optioned(Hashable, Protocol):
    """What has options: a rule, or a check of the gate."""

    @property
    def id(self) -> str: ...
    @property
    def params(self) -> type[Params]: ...


class Bound(NamedTuple):
    """How small an amount may be: less would make a rule ask nothing, or nonsense."""

    least: float
    is_allowed: bool
    """Whether the least amount itself may be set."""

    def __str__(self) -> str:
        return f"at least {self.least:g}" if self.is_allowed else f"more than {self.least:g}"

    def excludes(self, amount: float) -> bool:
        return amount < self.least or (amount == self.least and not self.is_allowed)


class RuleOption(NamedTuple):
    """An option of a rule or of a check of the gate."""

    of_type: Any
    meaning: str
    """What it is, and how small it may be."""
    default: object
    bound: Bound | None
    stricter: str
    """"more" or "less"; empty where the rule does not say."""
    of_gate: bool = False
    """Whether the gate alone applies it."""


def declared_params(rule: Optioned) -> dict[str, RuleOption]:
    """Every option of the rule by name."""
    found: dict[str, RuleOption] = {}
    for name, hint in get_type_hints(rule.params, include_extras=True).items():
        of_type, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint, "")
        bound = _bound(of_type, notes)
        meaning = f"{notes[0]}; {bound}" if bound else notes[0]
        way = next((note.way for note in notes if isinstance(note, Stricter)), "")
        of_gate = any(isinstance(note, AppliedByGate) for note in notes)
        found[name] = RuleOption(of_type, meaning, getattr(rule.params, name), bound, way, of_gate)
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
    return Bound(0, False) if wanted in (float, Share, Money, MetricChange, timedelta) else None


def shown_value(value: object) -> str:
    """A setting as a policy would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {shown_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(shown_value, value)) + "]"
    if isinstance(value, timedelta):
        return length(value).replace(" days", "d").replace(" day", "d").replace(" ", "")
    if isinstance(value, float) and 0 < value < 1:
        return f"{value * 100:.10g}%"
    if isinstance(value, (date, Interval)):
        return str(value)
    return "none" if value is None else f"{value}"


@cache
def _readers(rule: Optioned) -> dict[str, tuple[PartReader, Bound | None]]:
    return {name: (reader_of(option.of_type), option.bound) for name, option in declared_params(rule).items()}


def read_params(
    rule: Optioned,
    values: Mapping[str, object],
    path: Path,
    problems: list[ValueProblem],
    off: str = "`severity: off` switches the rule off",
) -> Params:
    """The rule's options with the given ones set; what does not fit is appended to ``problems``.

    ``off`` says what to do instead of an option that asks nothing.
    """
    if not values:
        return rule.params()
    readers = _readers(rule)
    read: dict[str, object] = {}
    for name, value in values.items():
        if name not in readers:
            problems.append(_unknown_param(rule, name, path))
            continue
        reader, bound = readers[name]
        read[name] = reader(value, (*path, name), problems)
        if bound:
            problems.extend(_too_small(rule, read[name], value, bound, (*path, name), off))
    return rule.params(**read)


def _too_small(
    rule: Optioned, read: object, written: object, bound: Bound, path: Path, off: str
) -> list[ValueProblem]:
    if isinstance(read, dict) and isinstance(written, dict):
        each = [_too_small(rule, item, written[key], bound, (*path, key), off) for key, item in read.items()]
        return [problem for problems in each for problem in problems]
    amount = _amount(read)
    if amount is None or not bound.excludes(amount):
        return []
    message = f"`{path[-1]}` of {rule.id} is {shown(written)}, where {bound} is meant"
    return [ValueProblem(path, "wrong-type", message, f"set it to {bound}{f'; {off}' if off else ''}")]


def _amount(read: object) -> float | None:
    """The number behind an option's value; None where it has none, or did not fit."""
    if isinstance(read, timedelta):
        return read.total_seconds()
    if isinstance(read, (Measure, MetricChange)):
        return read.value
    return read if isinstance(read, (int, float)) else None


def _unknown_param(rule: Optioned, name: str, path: Path) -> ValueProblem:
    known = list(_readers(rule))
    guess = nearest(name, known)
    hint = f", did you mean `{guess}`?" if guess else ""
    options = f"options of {rule.id}: {', '.join(known)}" if known else f"{rule.id} has no options"
    return ValueProblem(
        (*path, name), "unknown-key", f"{rule.id} has no option `{shown(name)}`{hint}", options
    )
