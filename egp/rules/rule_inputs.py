"""What a rule may look at. Whatever is not here, a rule cannot know: lines, severities, the date, the network."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING

from egp.plan.analysis.days import first_day, first_exposure, last_day
from egp.plan.finding import NotChecked, Related
from egp.plan.names import folded
from egp.plan.quantity import Interval
from egp.stats.values import NamedTuple, field, frozen

if TYPE_CHECKING:
    from egp.plan.analysis.measured import Measured
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.experiment import Experiment
    from egp.plan.holdouts import SharedHoldout
    from egp.plan.results import StageEntry
    from egp.plan.supplied import Moved
    from egp.plan.typed_reader import ValueProblem
    from egp.record.ledger import Ledger
    from egp.record.lock import Registration
    from egp.record.rollouts.rollout import Rollout, Unread
    from egp.record.waivers.baseline import AppliedEntry
    from egp.record.waivers.grant import Grant
    from egp.yaml import Document, Path


@frozen
class Organisation:
    """What the policy says of the organisation and of this plan's place in it."""

    tier: str = ""
    """The plan's tier, by its surfaces; empty when the policy maps none of them."""
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Role → people or teams who hold it; empty when the policy names none."""
    calendars: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    """Name of a calendar → its periods, both ends included."""


class PlanFile(NamedTuple):
    """The text of a plan and what reading it as a plan found: the input of rules about the file itself."""

    document: Document
    plan: Experiment
    problems: tuple[ValueProblem, ...]


class WrittenPlan:
    """A plan as it is written, quantities as texts: the input of an organisation's own rules."""

    __slots__ = ("_packed", "value")

    def __init__(self, value: dict[str, object]) -> None:
        self.value = value
        self._packed = b""

    def packed(self) -> bytes:
        """The value as it travels to another process; packed once for all rules."""
        if not self._packed:
            import pickle

            self._packed = pickle.dumps(self.value, pickle.HIGHEST_PROTOCOL)
        return self._packed


@frozen
class Change:
    """A plan against its earlier self and its registration. ``registered`` is None before registration."""

    plan: Experiment
    before: Experiment | None
    """The base's version of the plan if there is a base, else the pinned one where history has it."""
    registered: date | None
    """The lock's registration date, else the one that the plan states."""
    as_of: date
    lock: Registration | None = None
    """The plan's entry in the lock."""
    base_lock: Registration | None = None
    """The entry in the base's lock."""
    under_base: bool = False
    """Whether the plan is compared with a base: a plan without ``before`` is then a new one."""
    pinned: Experiment | None = None
    """The version that the lock's entry pins, by its digest, where history has it."""
    renamed_from: str = ""
    """The base's file of the plan, if it was another one."""
    digest: str = ""
    """The digest of ``plan``; empty for a plan that could not be read without problems, which has none."""
    first_commit: date | None = None
    """The day on which history first has the plan; None where history is not at hand."""
    is_attested: bool = False
    """Whether there is a lock, in which a registered plan has an entry."""
    is_moved_elsewhere: bool = False
    """Whether defaults or definitions changed since the registration, and the plan's file did not: that is found once for
    all plans that it moves."""

    @property
    def agreed_start(self) -> date:
        """When the first unit is treated, as it was agreed; as the plan has it now if its earlier self does not say."""
        try:
            return first_exposure(self.before or self.plan)[0]
        except NotChecked:
            return first_exposure(self.plan)[0]


@frozen
class Measuring:
    """A plan beside what was measured of its past: what ``egp measure`` judges."""

    plan: Experiment
    numbers: tuple[Measured, ...]


@frozen
class Removal:
    """A plan that is missing: its file was deleted, or the plan goes on under another id."""

    id: str
    path: str
    """The file that had the plan."""
    before: Experiment | None
    """The plan as it last was; None where the lock alone knows of it."""
    lock: Registration | None
    """The entry that the plan has, or had, in the lock."""
    registered: date | None
    as_of: date
    successor: PortfolioEntry | None = None
    """A plan that was not there before and goes on in its file, with its flag or on one of its surfaces."""
    is_unregistered: bool = False
    """Whether the entry is missing from the lock, too."""


@frozen
class PortfolioEntry:
    """What one plan means to the others: small enough to keep ten thousand of them."""

    path: str
    document: int
    id: str
    layer: str
    feature_flag: str
    surfaces: tuple[str, ...]
    first: date | None
    last: date | None
    exposure: float | None
    alpha: float | None
    sides: str
    type: str
    flags: tuple[str, ...] = ()
    """Every flag or deployment that serves the treatment, the feature flag among them."""
    tests: int = 1
    """Tests that are made at alpha each: every treatment on every primary metric, or one for all where they are corrected."""
    holdout: str = ""
    """The shared holdout that it is in."""
    holdout_defined: str = ""
    """File and line where its policy defines that; empty for one that no policy has."""
    moved: tuple[Moved, ...] | None = None
    """What moved a plan that is registered as completed by defaults and catalogue; None for every other plan."""

    @property
    def is_completed(self) -> bool:
        """Whether it is registered as completed by defaults and catalogue, which may move it."""
        return self.moved is not None

    @property
    def running(self) -> Interval | None:
        """Days on which the plan exposes units, both ends included."""
        if self.first is None or self.last is None or self.last < self.first:
            return None
        return Interval(self.first, self.last)


def entry_of(
    plan: Experiment, path: str, document: int, moved: tuple[Moved, ...] | None = None
) -> PortfolioEntry:
    """The plan's entry in the portfolio."""
    schedule = plan.schedule
    return PortfolioEntry(
        path=path,
        document=document,
        id=plan.name,
        layer=plan.layer or "",
        feature_flag=plan.feature_flag or "",
        surfaces=plan.surfaces or (),
        first=first_day(plan) if schedule and schedule.start else None,
        last=last_day(plan) if schedule and (schedule.end or schedule.reviews) else None,
        exposure=schedule.exposure if schedule else None,
        alpha=plan.statistics.alpha if plan.statistics else None,
        sides=(plan.statistics.sides if plan.statistics else None) or "",
        type=plan.type or "",
        flags=plan.switches,
        tests=_tests_of(plan),
        holdout=plan.shared_holdout,
        holdout_defined=_defined(plan),
        moved=moved,
    )


def _defined(plan: Experiment) -> str:
    if not plan.shared_holdout or plan.supplied is None:
        return ""
    shared = plan.supplied.holdouts.get(plan.shared_holdout)
    return shared.place if shared else ""


def _tests_of(plan: Experiment) -> int:
    if plan.statistics and plan.statistics.correction not in (None, "none"):
        return 1
    treatments = sum(not variant.control for variant in plan.variants or ())
    return max(1, treatments) * (1 + len(plan.co_primary_metrics))


class Timeline:
    """Entries with a run, found by the days on which they run without looking at all of them."""

    def __init__(self, entries: Iterable[PortfolioEntry]) -> None:
        runs = [(run, entry) for entry in entries if (run := entry.running) is not None]
        runs.sort(key=lambda pair: pair[0].first)
        self._runs = runs
        self._firsts = [run.first for run, _ in runs]
        self._lasts = sorted(run.last for run, _ in runs)
        self._latest = list(accumulate((run.last for run, _ in runs), max))

    def count(self, period: Interval) -> int:
        """How many entries run on a day of the period."""
        return bisect_right(self._firsts, period.last) - bisect_left(self._lasts, period.first)

    def during(self, period: Interval) -> Iterator[PortfolioEntry]:
        """Entries that run on a day of the period, the latest start first."""
        position = bisect_right(self._firsts, period.last) - 1
        while position >= 0 and self._latest[position] >= period.first:
            run, entry = self._runs[position]
            if run.last >= period.first:
                yield entry
            position -= 1


FULL = 1 + 1e-9
"""All traffic of a layer, with room for how sums of floats come out."""


class Traffic:
    """The sum of the exposures of a layer's entries on every day."""

    def __init__(self, entries: Iterable[PortfolioEntry]) -> None:
        changes: dict[int, float] = {}
        for entry in entries:
            run = entry.running
            if run is not None and entry.exposure:
                first, after = run.first.toordinal(), run.last.toordinal() + 1
                changes[first] = changes.get(first, 0.0) + entry.exposure
                changes[after] = changes.get(after, 0.0) - entry.exposure
        self._days = sorted(changes)
        self._totals = list(accumulate(changes[day] for day in self._days))

    def during(self, period: Interval) -> Iterator[tuple[date, float]]:
        """Each day of the period on which the sum changes, the first day included, with the sum from then on."""
        position = max(0, bisect_right(self._days, period.first.toordinal()) - 1)
        while position < len(self._days) and self._days[position] <= period.last.toordinal():
            yield max(date.fromordinal(self._days[position]), period.first), self._totals[position]
            position += 1


_NAMES: Mapping[str, Callable[[PortfolioEntry], tuple[str, ...]]] = {
    "id": lambda entry: (entry.id,),
    "layer": lambda entry: (entry.layer,),
    "feature_flag": lambda entry: (entry.feature_flag,),
    "surface": lambda entry: entry.surfaces,
    "flag": lambda entry: entry.flags,
    "holdout": lambda entry: (entry.holdout,),
}
"""Kind of name → those that an entry has."""


class PortfolioIndex:
    """All entries, found by what they share; built once for a run."""

    def __init__(self, entries: Sequence[PortfolioEntry]) -> None:
        self.entries = tuple(entries)
        self._by: dict[str, dict[str, tuple[PortfolioEntry] | list[PortfolioEntry]]] = {}
        """Kind of name → name → who has it; what is one plan's alone is the same tuple under every kind."""
        self._timelines: dict[tuple[str, ...], Timeline] = {}
        self._everyone: Timeline | None = None
        self._traffic: dict[str, Traffic] = {}
        self._on_day: dict[tuple[str, date], tuple[PortfolioEntry, ...]] = {}
        self._alone: Sequence[tuple[PortfolioEntry]] = [(each,) for each in self.entries]

    def sharing(self, kind: str, name: str) -> Sequence[PortfolioEntry]:
        """Entries with this "id", "layer", "feature_flag", "surface" or "holdout", in the order they were read."""
        if kind not in self._by:
            self._by[kind] = self._named(_NAMES[kind])
        return self._by[kind].get(folded(name), ())

    def _named(
        self, names_of: Callable[[PortfolioEntry], tuple[str, ...]]
    ) -> dict[str, tuple[PortfolioEntry] | list[PortfolioEntry]]:
        found: dict[str, tuple[PortfolioEntry] | list[PortfolioEntry]] = {}
        for entry, alone in zip(self.entries, self._alone, strict=True):
            names = names_of(entry)
            for name in map(folded, names) if len(names) < 2 else dict.fromkeys(map(folded, names)):
                others = found.get(name)
                if isinstance(others, list):
                    others.append(entry)
                elif name:
                    found[name] = [*others, entry] if others else alone
        return found

    def timeline(self, kind: str, name: str, layer: str = "") -> Timeline:
        """The runs of the entries that share something, those of one layer only when it is named."""
        key = (kind, name, layer)
        found = self._timelines.get(key)
        if found is None:
            sharing = self.sharing(kind, name)
            found = Timeline(entry for entry in sharing if not layer or entry.layer == layer)
            if len(sharing) > 1:  # what one plan has alone nobody else asks for
                self._timelines[key] = found
        return found

    def running(self, period: Interval) -> int:
        """How many entries run on a day of the period."""
        if self._everyone is None:
            self._everyone = Timeline(self.entries)
        return self._everyone.count(period)

    def traffic(self, layer: str) -> Traffic:
        """How much of a layer's traffic its entries take, day by day."""
        found = self._traffic.get(layer)
        if found is None:
            sharing = self.sharing("layer", layer)
            found = Traffic(sharing)
            if len(sharing) > 1:
                self._traffic[layer] = found
        return found

    def exposing_on(self, layer: str, day: date) -> tuple[PortfolioEntry, ...]:
        """Entries of a layer that take traffic on a day, the largest first."""
        key = (layer, day)
        if key not in self._on_day:
            running = self.timeline("layer", layer).during(Interval(day, day))
            taking = [entry for entry in running if entry.exposure]
            self._on_day[key] = tuple(sorted(taking, key=lambda entry: (-(entry.exposure or 0), entry.id)))
        return self._on_day[key]


@frozen
class Portfolio:
    """One plan among all plans of the policy. Findings are about ``plan``; others appear as related places."""

    plan: PortfolioEntry
    index: PortfolioIndex
    reported_elsewhere: frozenset[str] = frozenset()
    """The rules that judge another plan of the call before this one: what they find of the portfolio as a whole is reported there."""
    told_elsewhere: frozenset[Moved] = frozenset()
    """What moves this plan and is reported on another one of the call, which it moves as well."""
    places: Callable[[Moved], tuple[Document, Path] | None] | None = None
    """Where a policy or its catalogue has what moves plans."""
    holdout: SharedHoldout | None = None
    """The shared holdout that the plan is in."""
    is_holdout_told: bool = False
    """Whether what is to be said of that itself is reported on another plan of the call."""
    catalogue: MetricCatalogue | None = None
    whole: Callable[[], Experiment] | None = None
    """Reads all that the plan says, which only advice needs."""

    def place_of(self, moved: Moved) -> tuple[Document, Path] | None:
        return self.places(moved) if self.places else None

    def others(self, kind: str, name: str) -> list[PortfolioEntry]:
        """The other entries that share an "id", "layer", "feature_flag" or "surface"."""
        return [entry for entry in self.index.sharing(kind, name) if entry is not self.plan]


@frozen
class ServedFlag:
    """One flag or deployment as it is served, beside the plan of its experiment; findings lie in its file."""

    rollout: Rollout
    plan: Experiment | None
    """None where no plan names the flag."""
    as_of: date
    path: str = ""
    """The plan's file, as messages name it."""
    document: int = 0
    entered: tuple[StageEntry, ...] | None = None
    """The stages that the ledger has, in their order; None where there is no ledger."""
    ledger: Ledger | None = None
    """All of its entries."""
    no_experiment: str = ""
    """Why the policy says that the flag needs no plan."""
    keeps: SharedHoldout | None = None
    """The shared holdout whose units the flag keeps out; None for a flag of launches."""
    salted_alike: tuple[str, ...] = ()
    """Other flags that hash the same attribute with the same salt."""

    def beside(self, label: str, *at: str | int) -> tuple[Related, ...]:
        """The place in the plan that a finding is compared with."""
        return (Related(at, label, self.path, self.document),) if self.path else ()


@frozen
class UnreadRollout:
    """A part of a rollout file that egp could not read, or that is computed elsewhere."""

    unread: Unread
    is_planned: bool
    """Whether it is of a flag that a plan names, whose rules then say themselves that they are not checked."""


@frozen
class Judgement:
    """What became of the waivers and of the entries of the baseline that one file has for one experiment."""

    experiment: str
    as_of: date
    grants: tuple[Grant, ...] = ()
    excuses: tuple[AppliedEntry, ...] = ()
    is_known: bool = True
    """Whether there is a plan of the experiment."""
