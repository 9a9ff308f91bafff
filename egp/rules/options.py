"""Options of rules and of checks of the gate, as their classes declare them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from egp.plan.quantity import MetricChange, Share
from egp.plan.typed_reader import Money, required_type
from egp.stats.hints import Any, Literal, get_args, get_origin
from egp.stats.values import NamedTuple


class AtLeast(NamedTuple):
    """The least value of an option, as in ``Annotated[int, "what it is", AtLeast(0)]``.

    Without it a whole number is at least 1, and any other amount is above 0: less would require nothing.
    """

    least: float


class Stricter(NamedTuple):
    """Which way an option is stricter, as in ``Annotated[int, "what it is", Stricter("more")]``.

    A list is stricter with more items, or with fewer; a mapping with stricter values for no fewer keys. An option that
    says nothing cannot be changed by an override on what a plan's author chooses, where its rule is not waivable.
    """

    way: Literal["more", "less"]


class AppliedByGate:
    """An option that the gate alone, or a page, applies, as in ``Annotated[Share, "what it is", AppliedByGate()]``.

    What the rule says of a plan does not depend on it, so that no test of a policy can stand at it.
    """


class Params:
    """Options of a rule: annotated class attributes with defaults, ``days: Annotated[int, "what it is"] = 14``."""

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


class KnownAs(NamedTuple):
    """A name by which other parts of egp look an option up, as in ``KnownAs("shortest_run")``.

    What plans for a shortest run requires that, and need not know which rule requires it.
    """

    name: str


class Bound(NamedTuple):
    """How small an amount may be: less would make a rule require nothing, or nonsense."""

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


def declared_options(params: type[Params]) -> dict[str, RuleOption]:
    """Every option that a class declares, by name."""
    found: dict[str, RuleOption] = {}
    for name, (of_type, notes) in _declarations(params):
        bound = _bound(of_type, notes)
        meaning = f"{notes[0]}; {bound}" if bound else notes[0]
        way = next((note.way for note in notes if isinstance(note, Stricter)), "")
        of_gate = any(isinstance(note, AppliedByGate) for note in notes)
        found[name] = RuleOption(of_type, meaning, getattr(params, name), bound, way, of_gate)
    return found


def known_names(params: type[Params]) -> Iterator[tuple[str, str]]:
    """(name by which it is requested, option) of each option that has one."""
    for name, (_, notes) in _declarations(params):
        yield from ((note.name, name) for note in notes if isinstance(note, KnownAs))


def _declarations(params: type[Params]) -> Iterator[tuple[str, tuple[Any, list[Any]]]]:
    """(name, (type, notes)) of every option."""
    from typing import get_type_hints

    for name, hint in get_type_hints(params, include_extras=True).items():
        notes = getattr(hint, "__metadata__", None)
        yield name, (hint.__origin__, list(notes)) if notes else (hint, [""])


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
