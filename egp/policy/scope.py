"""Which plans an override is for: attributes of plans, and what a policy requires of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase

from egp.plan.names import folded
from egp.stats.values import NamedTuple


class Traits(NamedTuple):
    """What an override may know of a plan beside its path."""

    tier: str = ""
    type: str = ""
    risk: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    layer: str = ""
    team: str = ""
    above: Traits | None = None
    """What the policy that delegates to the plan's makes of it."""


NO_TRAITS = Traits()
"""Of a plan that says nothing of itself."""

CHOSEN = ("type", "risk", "surfaces", "layer", "team")
"""Traits that a plan's author chooses. The tier follows from the surfaces as the policy maps them."""

_SINGLE = ("tier", "type", "layer", "team")
"""Traits of which a plan has one."""


class Condition(NamedTuple):
    """Plans that have, of every trait it names, one of the values; a value for surfaces is a pattern."""

    tier: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    risk: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    layer: tuple[str, ...] = ()
    team: tuple[str, ...] = ()

    def covers(self, traits: Traits) -> bool:
        return (
            (not self.tier or traits.tier in self.tier)
            and (not self.type or traits.type in self.type)
            and (not self.risk or not _folded(self.risk).isdisjoint(_folded(traits.risk)))
            and (not self.surfaces or _any(fits, traits.surfaces, self.surfaces))
            and (not self.layer or folded(traits.layer) in _folded(self.layer))
            and (not self.team or folded(traits.team) in _folded(self.team))
        )

    @property
    def chosen(self) -> tuple[str, ...]:
        """The traits it names that a plan's author chooses."""
        return tuple(name for name in CHOSEN if getattr(self, name))

    @property
    def said_any(self) -> bool:
        """Whether it names any trait."""
        return any(self)

    def excludes(self, other: Condition) -> bool:
        """Whether no plan can meet both conditions."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in _SINGLE)
        return any(ours and theirs and set(ours).isdisjoint(theirs) for ours, theirs in pairs)

    def phrase(self) -> Iterator[str]:
        """The condition in words, trait by trait."""
        for name, values in zip(self._fields, self, strict=True):
            if values:
                yield f"{name} {' or '.join(values)}"


def fits(name: str, pattern: str) -> bool:
    """Whether a surface matches a pattern, however either is capitalised."""
    return fnmatchcase(folded(name), folded(pattern))


def _folded(names: Iterable[str]) -> set[str]:
    return set(map(folded, names))


def _any(fits: Callable[[str, str], bool], names: Iterable[str], patterns: Iterable[str]) -> bool:
    wanted = tuple(patterns)
    return any(fits(name, pattern) for name in names for pattern in wanted)
