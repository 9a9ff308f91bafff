"""The layers of a policy: what each of its files sets for a rule, from which day, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp.policy.timing import Timing
from egp.rules.table import ALWAYS_REJECTING
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.yaml import Document, Path

SETTINGS = ("severity", "waivable")
"""Keys of a rule's setting that are not options of the rule."""


SHADOW = "shadow"
"""The severity of a rule that runs, and is reported apart, without effect."""


OFF = "off"


class Origin(NamedTuple):
    """Where a policy sets a value."""

    path: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class SettingValue(NamedTuple):
    """One value of a rule's setting, read, and where it was set."""

    value: object
    place: Origin | Callable[[], Origin]
    """Where it was set, or what finds that out: which line of a file says something few runs want to know."""
    since: date | None = None
    """The day from which it holds; None where it always did."""

    @property
    def origin(self) -> Origin:
        """Where it was set."""
        return self.place if isinstance(self.place, Origin) else self.place()


_ALWAYS = Origin("every policy", 0)


_REJECTS: Mapping[str, SettingValue] = {
    "severity": SettingValue("error", _ALWAYS),
    "waivable": SettingValue(False, _ALWAYS),
}


ALWAYS: Mapping[str, Mapping[str, SettingValue]] = dict.fromkeys(ALWAYS_REJECTING, _REJECTS)
"""Settings that no policy changes: a plan that cannot be read never passes, and no waiver is refused in silence."""


Settings = Mapping[str, Mapping[str, SettingValue]]
"""Rule id → setting → value."""


class Dated(NamedTuple):
    """What changes in a rule's setting on a day; values that it does not name stay as they were."""

    since: date
    is_retroactive: bool
    """Whether it reaches plans that were registered before that day."""
    values: Mapping[str, SettingValue]

    def is_in_force(self, timing: Timing) -> bool:
        return self.since <= timing.decisive or (self.is_retroactive and self.since <= timing.as_of)

    def will_be(self, timing: Timing) -> bool:
        """Whether it is not in force for the plan yet, and comes to be by the mere passing of time."""
        return not self.is_in_force(timing) and (self.is_retroactive or timing.registered is None)


class DefaultsEntry(NamedTuple):
    """What a policy supplies to plans that leave it out, always or from a day on."""

    value: Mapping[str, object]
    document: Document
    path: Path
    since: date | None = None

    def is_in_force(self, timing: Timing) -> bool:
        return self.since is None or self.since <= timing.decisive


class Layer(NamedTuple):
    """The settings of one policy file."""

    name: str
    settings: Settings
    """Values without a date."""
    dated: Mapping[str, tuple[Dated, ...]] = {}
    """Rule id → later changes of its setting, in the order of their days."""
    defaults: tuple[DefaultsEntry, ...] = ()
    """What it supplies to plans, in the order of the days."""

    def entries(self, rule_id: str) -> Iterator[Mapping[str, SettingValue]]:
        """Everything that the file says of a rule, whatever the day."""
        yield self.settings.get(rule_id, {})
        yield from (entry.values for entry in self.dated.get(rule_id, ()))


def merged(layers: Sequence[Layer], rule_id: str, holds: Callable[[Dated], bool]) -> dict[str, SettingValue]:
    """Every setting that the layers give a rule, with the dated ones that hold, later ones winning value by value.

    Within a layer a dated setting wins over what the layer said before it; over a layer on top it never does.
    """
    found: dict[str, SettingValue] = {}
    for layer in layers:
        found.update(layer.settings.get(rule_id, {}))
        for entry in layer.dated.get(rule_id, ()):
            if holds(entry):
                found.update(entry.values)
    return {**found, **ALWAYS.get(rule_id, {})}


def settings_in_force(layers: Sequence[Layer], rule_id: str, timing: Timing) -> dict[str, SettingValue]:
    """Every setting of a rule for plans of this timing, those on top that no policy changes."""
    return merged(layers, rule_id, lambda entry: entry.is_in_force(timing))
