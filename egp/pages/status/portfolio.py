"""The status of a portfolio: where its experiments stand, and what they take and risk together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from egp.check import check
from egp.output.page.charts import LayerPeriod
from egp.pages.emergencies import raised_in
from egp.pages.status.standing import Known, Standing, standing
from egp.plan.analysis.days import day_after
from egp.plan.analysis.expected_false_wins import expected_false_wins, worst_period
from egp.plan.completing import read_plan
from egp.plan.experiment import may_be_plan
from egp.plan.quantity import Interval, as_day
from egp.policy.error import PolicyError
from egp.policy.locate import lock_folder
from egp.policy.model import asked
from egp.policy.resolving import resolved_by_lock
from egp.policy.scope import NO_TRAITS
from egp.policy.timing import Timing
from egp.record.lock import LockError, Registration, read_lock
from egp.rules.rule_inputs import PortfolioEntry, PortfolioIndex, entry_of
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.pages.status.evidence import Folder
    from egp.plan.experiment import Experiment
    from egp.plan.finding import Failure
    from egp.plan.quantity import Moment
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.record.emergencies import Emergency
    from egp.record.waivers.grant import Grant

EXPIRING = timedelta(days=14)
"""A waiver that ends within this time is named: there is one weekly status left to renew it or to do without."""

_LOOKING_BACK = 7
"""Days before today that the timeline of the layers shows, too."""

_TINY = 1e-9
_YEAR = 365


class FalseWins(NamedTuple):
    """Wins that the tests of a period are expected to declare if no change has an effect."""

    expected: float
    tests: int
    first: date
    last: date
    """Starts of the first and the last of the tests."""
    days: int
    allowed: float | None
    """By the policy; None where it does not say."""


class Expiring(NamedTuple):
    """A waiver that holds and soon will not."""

    experiment: str
    grant: Grant
    expires: date


class Governed(NamedTuple):
    """Of the flags that divide units by chance, those that a plan names; those the policy excepts are not counted."""

    planned: int
    rolled_out: int
    unplanned: tuple[str, ...]
    """The others, in the order of their files."""


@dataclass(frozen=True, slots=True)
class Status:
    as_of: Moment
    policy: Policy
    results: str
    standings: tuple[Standing, ...]
    """Those that need somebody first."""
    layers: tuple[LayerPeriod, ...]
    false_wins: FalseWins | None
    expiring: tuple[Expiring, ...]
    failures: tuple[Failure, ...]
    """What could not be read, or kept the gate from judging."""
    raised: tuple[tuple[str, Emergency], ...] = ()
    """(experiment, a stage that was raised without the gate), settled ones included."""
    governed: Governed | None = None
    """None where the policy names no rollout files."""

    @property
    def day(self) -> date:
        return as_day(self.as_of)

    def of(self, phase: str) -> list[Standing]:
        return [each for each in self.standings if each.phase == phase]

    @property
    def is_complete(self) -> bool:
        """Whether everything could be read and judged."""
        judged = [each.answers for each in self.standings if each.answers]
        return not self.failures and not any(each.could_not_judge for each in judged)


class _Read(NamedTuple):
    source: PlanSource
    document: int
    plan: Experiment


_ORDER = ("red", "yellow", "green", None)


def status(
    sources: Sequence[PlanSource],
    finder: PlanFinder,
    policy: Policy,
    folder: Folder | None,
    as_of: Moment,
) -> Status:
    """Where the plans stand as of a moment. What lies in the portfolio beside them counts in its sums."""
    day = as_day(as_of)
    report = check(sources, finder, policy, day)
    failures = [*report.failures, *(folder.failures if folder else ())]
    root = lock_folder(finder.folder, policy.home)
    registered = _registered(root, failures)
    rejections = _Rejections(report)
    others = [each for each in finder.portfolio() if each.path not in {source.path for source in sources}]
    read = [*_plans(sources, finder, policy, day)]
    standings = []
    for source, document, plan in read:
        entry = registered(plan.name)
        known = Known(source, plan, rejections.of(source.shown, document, plan.name), entry)
        there = finder.judged_at(source, (entry.path or "") if entry else "", root)
        with suppress(PolicyError):  # of which the check reported
            standings.append(standing(known, folder, as_of, finder, finder.policy_of(there, policy)))
    entries = [
        entry_of(plan, source.shown, document)
        for source, document, plan in [*read, *_plans(others, finder, policy, day)]
    ]
    return Status(
        as_of,
        policy,
        folder.name if folder else "",
        tuple(sorted(standings, key=lambda each: (_ORDER.index(each.colour), each.known.id))),
        tuple(_layers(entries, day)),
        _false_wins(entries, day, policy),
        tuple(_expiring(report, day)),
        (*failures, *(failure for each in standings for failure in each.failures)),
        tuple((plan.name, each) for _, _, plan in read for each in raised_in(root, plan.name)),
        _governed(entries, policy, finder, day) if policy.rollouts else None,
    )


def _governed(entries: Sequence[PortfolioEntry], policy: Policy, finder: PlanFinder, day: date) -> Governed:
    from egp.policy.rollout_files import read_served

    index = PortfolioIndex(entries)
    flags = dict.fromkeys(
        each.flag.value
        for each in read_served(policy, finder.folder).rollouts
        if each.share_of == "units"
        and each.is_rolled_out
        and not each.is_over(day)
        and each.flag.value not in policy.not_an_experiment
        and policy.kept_by(each.flag.value) is None
    )
    unplanned = tuple(flag for flag in flags if not index.sharing("flag", flag))
    return Governed(len(flags) - len(unplanned), len(flags), unplanned)


def _plans(sources: Sequence[PlanSource], finder: PlanFinder, policy: Policy, day: date) -> Iterator[_Read]:
    for source in sources:
        if finder.leaves_repository(source):
            continue
        try:
            documents = source.documents()
        except OSError:
            continue  # the check says so
        for position, written in enumerate(documents):
            if may_be_plan(written):
                document = written
                with suppress(PolicyError, LockError):  # of which the check reported
                    judge = finder.policy_of(source, policy)
                    document = resolved_by_lock(written, source, finder, judge, day)
                yield _Read(source, position, read_plan(document)[0])


def _registered(root: str, failures: list[Failure]) -> Callable[[str], Registration | None]:
    """Id of an experiment → its registration; what cannot be read is added to the failures, and taken for none."""

    def noted(error: LockError) -> None:
        failures.extend(failure for failure in error.failures if failure not in failures)

    try:
        entries: Mapping[str, Registration] = read_lock(root).entries
    except LockError as error:
        noted(error)
        entries = {}

    def registered(name: str) -> Registration | None:
        try:
            return entries.get(name)
        except LockError as error:
            noted(error)
            return None

    return registered


class _Rejections:
    """The rules that reject each plan, at its own lines and at those of the files that serve it."""

    def __init__(self, report: Report) -> None:
        self._by_place: dict[tuple[str, int], dict[str, None]] = {}
        self._elsewhere: dict[tuple[str, str], dict[str, None]] = {}
        for each in report.effective:
            if each.severity == "error":
                self._note(each.place.path, each.place.document, each.experiment, each.rule)
        for unchecked in report.unchecked:
            if unchecked.severity == "error" and not unchecked.blocked_by:
                self._note(unchecked.path, unchecked.document, unchecked.experiment, unchecked.rule)

    def _note(self, path: str, document: int, experiment: str, rule: str) -> None:
        self._by_place.setdefault((path, document), {})[rule] = None
        self._elsewhere.setdefault((experiment, path), {})[rule] = None

    def of(self, path: str, document: int, experiment: str) -> tuple[str, ...]:
        """In the order in which they are reported, those of the plan's file first."""
        own = self._by_place.get((path, document), {})
        others = [
            rules
            for (name, place), rules in self._elsewhere.items()
            if experiment and name == experiment and place != path
        ]
        return tuple(dict.fromkeys(rule for rules in (own, *others) for rule in rules))


def _layers(entries: Sequence[PortfolioEntry], day: date) -> Iterator[LayerPeriod]:
    """What the experiments of each layer take of it together, from a week ago until the last of them ends."""
    first = day_after(day, -_LOOKING_BACK)
    index = PortfolioIndex(entries)
    for layer in sorted({entry.layer for entry in entries if entry.layer}):
        last = max(
            (entry.last for entry in index.sharing("layer", layer) if entry.running and entry.last),
            default=first,
        )
        if last < first:
            continue
        changes = list(index.traffic(layer).during(Interval(first, last)))
        if not changes:
            continue  # none of them says how much it takes
        ends = [*(day_after(start, -1) for start, _ in changes[1:]), last]
        for (start, total), end in zip(changes, ends, strict=True):
            if total > _TINY:
                yield LayerPeriod(layer, start, end, total)


def _false_wins(entries: Sequence[PortfolioEntry], day: date, policy: Policy) -> FalseWins | None:
    """Of the tests that start in the policy's period around the day, the past one and what is planned."""
    rules = {each.rule.id: each for each in policy.adopted("", NO_TRAITS, Timing(day)).together}
    days = int(asked(rules, "period_of_false_wins") or _YEAR)
    tests = sorted(
        (entry.first, chance)
        for entry in entries
        if entry.first is not None and entry.first > day_after(day, -days)
        if (chance := expected_false_wins(entry.type, entry.alpha, entry.sides, entry.tests)) is not None
    )
    if not tests:
        return None
    worst = worst_period(tests, days)
    allowed = asked(rules, "most_false_wins")
    return FalseWins(
        worst.wins, worst.last - worst.first + 1, tests[worst.first][0], tests[worst.last][0], days, allowed
    )


def _expiring(report: Report, day: date) -> Iterator[Expiring]:
    for allowed in report.allowed:
        for grant in (*allowed.own, *allowed.listed):
            expires = grant.waiver.expires
            if grant.holds and expires is not None and expires <= day + EXPIRING:
                yield Expiring(allowed.experiment, grant, expires)
