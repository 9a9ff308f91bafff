"""Drafts of other plans, derived from the one that a brief is about: later, or without a segment."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from egp.advice.open_options import errors_of
from egp.check import check
from egp.plan.analysis.days import day_after, first_exposure, readout_day
from egp.plan.experiment import read_experiment
from egp.plan.finding import NotChecked
from egp.plan.quantity import QuantityError, count, moment, share, shown
from egp.plan.wording import listing, share_in_plan
from egp.record.lock import Registration
from egp.stats.values import NamedTuple
from egp.yaml.written import written

if TYPE_CHECKING:
    from egp.output.report.model import Report
    from egp.pages.brief.scene import Scene
    from egp.plan.experiment import Experiment
    from egp.plan.finding import Diagnostic

LEAD = timedelta(days=7)
"""Time to have a new plan agreed before anybody is treated."""

_WEEK = timedelta(weeks=1)
_OF_THE_OLD_PLAN = ("registered", "sign_offs", "amendments", "waivers", "revision", "links")
"""What another plan does not inherit."""


@dataclass(frozen=True)
class JudgedDraft:
    """A plan that nobody has registered, and what the policy says of it."""

    value: dict[str, Any]
    before: dict[str, Any]
    """The plan it is derived from."""
    report: Report
    leaves_out: Segment | None = None

    @property
    def id(self) -> str:
        return str(self.value.get("id"))

    @property
    def yaml(self) -> str:
        """What is new in it."""
        return "\n".join(
            _line(key, self.before.get(key), item)
            for key, item in self.value.items()
            if self.before.get(key) != item
        )

    @cached_property
    def errors(self) -> list[Diagnostic]:
        return errors_of(self.report)

    @cached_property
    def plan(self) -> Experiment:
        return read_experiment(self.value)[0]

    @property
    def read_on(self) -> date | None:
        """The day of its readout; None where it does not say."""
        try:
            return readout_day(self.plan)
        except NotChecked:
            return None

    @property
    def due(self) -> date | None:
        """The last day on which it can be registered: the one before anybody is treated."""
        try:
            return day_after(first_exposure(self.plan)[0], -1)
        except NotChecked:
            return None

    @property
    def lacks(self) -> list[Lack]:
        """What the policy still requires of it, once each."""
        found = [Lack(each.message, each.rule) for each in self.errors]
        found += [
            Lack(f"{each.rule} has nothing to check at {each.needs}", each.rule)
            for each in self.report.unchecked
            if each.severity == "error" and not each.blocked_by
        ]
        if self.leaves_out and not self.leaves_out.is_weak:
            found.insert(0, Lack("which part of the traffic is weak; looking for the cause says so"))
        return list({each.what: each for each in found}.values())


class Lack(NamedTuple):
    """What a draft lacks, and the rule that says so."""

    what: str
    rule: str = ""


class Segment(NamedTuple):
    """What a narrower plan leaves out."""

    name: str
    is_weak: bool
    """Whether it is where the harm is. Else it is what the plan slices by to find that out."""

    def __str__(self) -> str:
        return shown(self.name) if self.is_weak else "the part that proves weak"


def weak_segment(plan: Experiment, tripped: tuple[str, ...] = ()) -> Segment | None:
    """The segment to leave out: that of a guardrail that tripped, of the worst scenario, or the first one that the
    plan sets aside for finding causes."""
    of_guardrails = [metric.segment for metric in plan.guardrail_metrics if metric.id in tripped]
    scenarios = plan.economics.scenarios if plan.economics else ()
    worst = sorted((each for each in scenarios if each.segment), key=lambda each: each.p_success or 0.0)
    weak = [name for name in (*of_guardrails, *(each.segment for each in worst)) if name]
    if weak:
        return Segment(weak[0], True)
    return Segment(plan.diagnostic_segments[0], False) if plan.diagnostic_segments else None


def narrower(scene: Scene, left_out: Segment) -> JudgedDraft:
    """The plan of a new experiment without a segment, a lead before it starts.

    Before the launch it takes the place of the plan; later it comes beside it.
    """
    before, segment = _value(scene), left_out.name
    plan = {key: copy.deepcopy(item) for key, item in before.items() if key not in _OF_THE_OLD_PLAN}
    # A part that is only looked for is not named before it is found.
    without = re.sub(r"[^A-Za-z0-9]+", "-", segment).strip("-").lower()
    suffix = f"without-{without}" if left_out.is_weak else "narrower"
    plan["id"] = f"{scene.plan.id or 'plan'}-{suffix}"[:100]
    plan["title"] = f"{before.get('title') or plan['id']}, without {left_out}"
    if before.get("feature_flag"):
        plan["feature_flag"] = f"{before['feature_flag']}_{suffix.replace('-', '_')}"
    if left_out.is_weak:
        _leave_out(plan, scene.plan, segment)
    else:
        plan.pop("eligible_units", None)
    _shift(plan, _weeks_until(scene.plan, scene.day + LEAD) * _WEEK)
    plan["x-derived-from"], plan["x-leaves-out"] = scene.plan.id, [segment] if left_out.is_weak else []
    return _checked(scene, plan, f"{plan['id']}.yaml" if scene.in_flight else "", left_out)


def later(scene: Scene, days: int) -> JudgedDraft:
    """The same plan, all of it so many days later; judged as one that is not registered yet."""
    plan = copy.deepcopy(_value(scene))
    _shift(plan, timedelta(days=days))
    return _checked(scene, plan, "")


def _value(scene: Scene) -> dict[str, Any]:
    value = scene.candidate.document.value
    return value if isinstance(value, dict) else {}


def _checked(
    scene: Scene, value: dict[str, Any], file: str, leaves_out: Segment | None = None
) -> JudgedDraft:
    """The draft as the pipeline judges it, beside the plan or in its place."""
    text = "".join(f"{written(key)}: {written(item)}\n" for key, item in value.items())
    place = scene.candidate.source.shown
    path = os.path.join(os.path.dirname(place), file) if file else place
    source = scene.finder.piped(text.encode("utf-8"), path)
    replaced = {value.get("id"), "" if file else scene.plan.id}
    others = _Without(scene.lock.entries, replaced)
    report = check([source], scene.finder, scene.policy, scene.day, lock=others)
    return JudgedDraft(value, _value(scene), report, leaves_out)


class _Without(Mapping[str, Registration]):
    """Registrations without some of them; the others are read when they are requested."""

    def __init__(self, entries: Mapping[str, Registration], left_out: Collection[object]) -> None:
        self._entries = entries
        self._left_out = left_out

    def __getitem__(self, name: str) -> Registration:
        if name in self._left_out:
            raise KeyError(name)
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._entries if name not in self._left_out)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _line(key: str, before: object, after: object) -> str:
    """A key of the draft, as far as it is new."""
    if isinstance(before, dict) and isinstance(after, dict):
        after = {name: item for name, item in after.items() if before.get(name) != item}
    elif isinstance(before, list) and isinstance(after, list) and len(after) < len(before):
        gone = [each for each in before if each not in after]
        return f"# {key}: without {listing(map(_named, gone))}"
    return f"{written(key)}: {written(after)}"


def _named(item: object) -> str:
    return shown(item.get("id")) if isinstance(item, dict) else shown(item)


# A segment less.


def _leave_out(plan: dict[str, Any], before: Experiment, segment: str) -> None:
    left = [each.id for each in before.guardrail_metrics if each.segment == segment]
    for key, named in (("guardrail_metrics", "id"), ("stop_rules", "metric")):
        if isinstance(plan.get(key), list):
            plan[key] = [each for each in plan[key] if each.get(named) not in left]
    if isinstance(plan.get("diagnostic_segments"), list):
        plan["diagnostic_segments"] = [each for each in plan["diagnostic_segments"] if each != segment]
    _narrow_traffic(plan, before, segment)
    _narrow_economics(plan, segment)


def _narrow_traffic(plan: dict[str, Any], before: Experiment, segment: str) -> None:
    """Fewer units: as many as the plan knows the segment to have, else to be counted anew."""
    shares = [each.segment_share for each in before.guardrail_metrics if each.segment == segment]
    known = next((each for each in shares if each), None)
    units = plan.get("eligible_units")
    if known is None or not isinstance(units, dict):
        plan.pop("eligible_units", None)
        return
    for key in ("distinct_over_run", "per_day"):
        try:
            units[key] = int(count(units[key]) * (1 - known))
        except (KeyError, QuantityError):
            continue


def _narrow_economics(plan: dict[str, Any], segment: str) -> None:
    """The scenarios that are left, as likely as they are without the others."""
    economics = plan.get("economics")
    if not isinstance(economics, dict) or not isinstance(economics.get("scenarios"), list):
        return
    left = [each for each in economics["scenarios"] if each.get("segment") != segment]
    try:
        total = sum(share(each["probability"]) for each in left)
    except (KeyError, QuantityError):
        return
    if total > 0:
        for each in left:
            each["probability"] = share_in_plan(share(each["probability"]) / total)
        economics["scenarios"] = left
        economics.pop("expected_value", None)


# Later dates.


def _weeks_until(plan: Experiment, day: date) -> int:
    """Whole weeks by which the plan moves, so that nobody is treated before the day and weekdays stay."""
    try:
        return max(0, -((first_exposure(plan)[0] - day) // _WEEK))
    except NotChecked:
        return 0


_DATES: tuple[tuple[str, str], ...] = (
    ("schedule", "start"), ("schedule", "end"), ("canary", "start"), ("canary", "end"), ("holdout", "until"),
)  # fmt: skip


def _shift(plan: dict[str, Any], by: timedelta) -> None:
    """Every date of the run and of what follows it, so much later. Pauses are those of the old run."""
    for key, name in _DATES:
        if isinstance(part := plan.get(key), dict) and part.get(name):
            part[name] = _later(part[name], by)
    statistics = plan.get("statistics")
    if isinstance(statistics, dict) and isinstance(statistics.get("looks"), list):
        statistics["looks"] = [_later(each, by) for each in statistics["looks"]]
    for stage in plan.get("ramp") or ():
        if isinstance(stage, dict) and stage.get("start"):
            stage["start"] = _later(stage["start"], by)
    if isinstance(plan.get("schedule"), dict):
        plan["schedule"].pop("pauses", None)


def _later(value: object, by: timedelta) -> object:
    try:
        return (moment(value) + by).isoformat()
    except (QuantityError, OverflowError):
        return value
