"""The plans that a plan is compared with, remembered by whoever judges the same ones again and again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from egp.plan.finding import Failure
from egp.stats.values import NamedTuple
from egp.yaml.files import stamp

if TYPE_CHECKING:
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.record.lock import Registration
    from egp.rules.rule_inputs import PortfolioEntry

Read = Callable[["PlanSource", list[Failure]], "list[PortfolioEntry]"]
"""The entries of a file; what cannot be read is added to the failures."""


class _Known(NamedTuple):
    """What a file had when it was last read."""

    stamp: object
    canonical: str
    entries: Sequence[PortfolioEntry] = ()
    registrations: Sequence[Registration | None] = ()
    """What the lock had of each entry."""
    failures: Sequence[Failure] = ()


class Neighbours:
    """Entries of the portfolio by their file. A file is read again once it is another one, on disk or in an editor.

    Everything is read again where something else changed that all of them rest on.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._rests_on: object = None

    def elsewhere(
        self,
        finder: PlanFinder,
        asked: Collection[str],
        rests_on: object,
        registrations: Mapping[str, Registration],
        read: Read,
        failures: list[Failure],
    ) -> list[PortfolioEntry]:
        """The entries of all plans of the portfolio but those in question; what could not be read is a failure."""
        before = self._known if rests_on == self._rests_on else {}
        self._rests_on, self._known = rests_on, {}
        found: list[PortfolioEntry] = []
        for path in finder.candidates():
            known, now = before.get(path), stamp(path)
            if known is None or known.stamp != now or now is None or _is_moved(known, registrations):
                known = _read(path, now, finder, asked, registrations, read)
            if known.canonical not in asked:
                self._known[path] = known
                found += known.entries
                failures += known.failures
        return found

    def files_of(self, experiments: Collection[str]) -> list[str]:
        """The files of plans with these ids, as far as they were looked at."""
        wanted = {*experiments}
        return [path for path, known in self._known.items() if {each.id for each in known.entries} & wanted]


def _read(
    path: str,
    now: object,
    finder: PlanFinder,
    asked: Collection[str],
    registrations: Mapping[str, Registration],
    read: Read,
) -> _Known:
    source, canonical = finder.at(path), finder.canonical(path)
    if (
        not source.in_portfolio or canonical in asked
    ):  # what is judged stands among the others as it was judged
        return _Known(now, canonical)
    failures: list[Failure] = []
    entries = read(source, failures)
    return _Known(now, canonical, entries, [registrations.get(each.id) for each in entries], failures)


def _is_moved(known: _Known, registrations: Mapping[str, Registration]) -> bool:
    """Whether the lock has something else of a plan than it had."""
    pairs = zip(known.entries, known.registrations, strict=True)
    return any(registrations.get(entry.id) != before for entry, before in pairs)
