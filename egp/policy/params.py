"""Options of rules, as policies set them."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from egp.plan.quantity import Interval, Measure, MetricChange, shown
from egp.plan.typed_reader import PartReader, ValueProblem, nearest, reader_of
from egp.plan.wording import length
from egp.stats.hints import Protocol
from egp.yaml import Path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from egp.rules.options import Bound, RuleOption


class Optioned(Hashable, Protocol):
    """What has options: a rule, or a check of the gate."""

    @property
    def id(self) -> str: ...
    @property
    def options(self) -> Mapping[str, RuleOption]: ...


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
    return {name: (reader_of(option.of_type), option.bound) for name, option in rule.options.items()}


def read_options(
    rule: Optioned,
    values: Mapping[str, object],
    path: Path,
    problems: list[ValueProblem],
    off: str = "`severity: off` switches the rule off",
) -> dict[str, object]:
    """The given options as the rule takes them; what does not fit is appended to ``problems``.

    ``off`` says what to do instead of an option that requires nothing.
    """
    if not values:
        return {}
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
    return read


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
