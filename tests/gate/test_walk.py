"""Green means launchable: whoever answers what check asks has a plan that goes from its test to the end of its holdout.

For every type of plan and every kind of metric: `egp new`, an author who writes what check's messages ask and nothing
else, `egp register`, and then each move of the plan, with rows in which nothing is amiss. Every answer of the gate is
proceed, and nothing is left unchecked.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from egp.plan.analysis.days import day_after, exposed_days, first_day, last_day, readout_day
from egp.plan.analysis.registered import has_primary_test
from egp.plan.experiment import Experiment, Metric, read_experiment
from egp.plan.results import CANARY, FIRST_WEEK, TEST, stage_name
from egp.yaml import read_file

from .calling import Call, call
from .filling import OF_KIND, filled, shown

TODAY = "2026-03-02"
POLICY = """\
extends: ["egp:standard"]
plans: ["experiments/**/*.yaml"]
rules:
  required-guardrails: {metrics: [complaints]}
"""
TYPES = ("superiority", "non_inferiority", "rollout", "holdback")
REVISION = "shop-17"
MORNING = time(8, tzinfo=UTC)
WEEK = timedelta(weeks=1)
EFFECT = 1.3
"""Of a winning treatment, in MDEs."""


@dataclass(frozen=True)
class Period:
    """A stage of the ramp, the test or the canary: its days, and how its units divide."""

    name: str
    first: date
    last: date
    treated: float
    """Of its units, those that are treated."""
    a_day: int


class Experience:
    """What is seen of the experiment, as long as it goes on and whenever one looks."""

    def __init__(self, folder: Path, path: str) -> None:
        self.folder = folder
        self.path = path
        self.plan: Experiment = read_experiment(read_file(folder / path)[0].value)[0]
        self.periods: list[Period] = []
        self.ledger: list[tuple[float, datetime]] = []

    def enters(self, name: str, first: date, treated: float, a_day: int, last: date | None = None) -> None:
        """A new period begins; the one before has ended on the day before."""
        if self.periods:
            before = self.periods[-1]
            ended = min(before.last, day_after(first, -1))
            self.periods[-1] = Period(before.name, before.first, ended, before.treated, before.a_day)
        self.periods.append(Period(name, first, last or date(2099, 12, 31), treated, a_day))

    def asked(self, move: str, on: date) -> Call:
        """`egp gate` on the morning of a day, with the results of that morning."""
        now = datetime.combine(on, MORNING)
        (self.folder / "results").mkdir(exist_ok=True)
        ledger = ", ".join(
            f"{{treated: {stage_name(share)}, entered: {at.isoformat()}}}" for share, at in self.ledger
        )
        head = f"experiment: {self.plan.id}\nas_of: {now.isoformat()}\nrevision: {REVISION}\nstages: [{ledger}]\naggregates: rows.csv\n"
        (self.folder / "results" / "results.yaml").write_text(head, encoding="utf-8")
        (self.folder / "results" / "rows.csv").write_text(self._table(on), encoding="utf-8")
        wanted = ("--monitor",) if move == "monitor" else ("--to", move)
        return call(
            self.folder, "gate", self.path, "--results", "results/results.yaml", *wanted, "--as-of", now.isoformat(),
            "--format", "json",
        )  # fmt: skip

    def _table(self, on: date) -> str:
        rows = [row for period in self.periods for row in self._rows(period, day_after(on, -1))]
        columns = list(dict.fromkeys(key for row in rows for key in row)) or [
            "stage",
            "window",
            "variant",
            "metric",
            "units",
        ]
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def _rows(self, period: Period, yesterday: date) -> Iterator[dict[str, object]]:
        last = min(period.last, yesterday)
        days = [day_after(period.first, at) for at in range((last - period.first).days + 1)]
        watched = [metric for path, metric in self.plan.metrics if path[0] != "secondary_metrics"]
        for variant, share in (("control", 1 - period.treated), ("treatment", period.treated)):
            units = round(period.a_day * share)
            for metric in watched if days else ():
                head = {"stage": period.name, "variant": variant, "metric": metric.id}
                for day in days:
                    if metric.kind != "quantile":
                        cohort = {**head, "window": "cohort", "date": day, "through": yesterday}
                        yield {**cohort, **self._counted(metric, variant, units)}
                    yield {**head, "window": "day", "date": day, **self._counted(metric, variant, units)}
                if metric.kind == "quantile":
                    total = {**head, "window": "total", "through": last}
                    yield {**total, **self._counted(metric, variant, units * len(days))}
                for week in days[: len(days) // 7 * 7 : 7]:
                    of_week = {
                        **head,
                        "window": "week",
                        "date": week,
                        **self._counted(metric, variant, 7 * units),
                    }
                    yield of_week
                    if metric is self.plan.primary_metric and period.name == TEST:
                        yield {**of_week, "segment": FIRST_WEEK}

    def _counted(self, metric: Metric, variant: str, units: int) -> dict[str, object]:
        """Sums that units with the plan's baseline and spread have; those of a winner are better by more than the MDE."""
        assert metric.baseline is not None
        level = metric.baseline.value
        wins = metric is self.plan.primary_metric and metric.mde is not None and variant == "treatment"
        if wins and metric.mde is not None:
            level += EFFECT * metric.mde.absolute(level) * (1 if metric.direction == "increase" else -1)
        spread = metric.std_dev.value if metric.std_dev else level
        if metric.kind == "quantile":
            error = (metric.influence_std_dev.value if metric.influence_std_dev else level) / math.sqrt(units)
            return {
                "units": units,
                "value": f"{level * 1000:.6f}ms",
                "standard_error": f"{error * 1000:.6f}ms",
            }
        if metric.kind == "proportion":
            return {"units": units, "sum": round(level * units)}
        if metric.kind == "mean":
            return {"units": units, "sum": level * units, "sum_squares": (level**2 + spread**2) * units}
        # a ratio of two events a unit on average, with a variance of one
        below, squares = 2 * units, 5 * units
        return {
            "units": units, "sum": level * below, "sum_squares": level**2 * squares + (2 * spread) ** 2 * units,
            "denominator_sum": below, "denominator_sum_squares": squares, "cross_sum": level * squares,
        }  # fmt: skip


def walked(experience: Experience) -> Iterator[tuple[str, Call]]:
    """Every move of the plan, each on the first day on which it may be asked for, then mornings of the monitoring."""
    plan = experience.plan
    a_day = daily_units(plan)
    first = first_day(plan)
    canary = plan.canary
    if canary and canary.treated and canary.start and canary.end:
        begin, end = (
            moment if not isinstance(moment, datetime) else moment.date()
            for moment in (canary.start, canary.end)
        )
        yield CANARY, experience.asked(CANARY, begin)
        experience.enters(CANARY, begin, canary.treated, 60_000, end)
        first = max(first, day_after(end, 1))
    on = first
    if plan.type != "rollout":
        yield TEST, experience.asked(TEST, on)
        experience.enters(TEST, on, 0.5, a_day, last_day(plan))
        yield "monitor", experience.asked("monitor", day_after(on, 3))
        on = readout_day(plan) if has_primary_test(plan) else day_after(last_day(plan), 1)
    for stage in plan.ramp:
        assert stage.treated is not None
        assert stage.min_dwell is not None
        name = stage_name(stage.treated)
        yield name, experience.asked(name, on)
        experience.ledger.append((stage.treated, datetime.combine(on, MORNING)))
        experience.enters(name, on, stage.treated, 60_000)
        on += stage.min_dwell
    assert plan.holdout is not None
    assert plan.holdout.until is not None
    last = plan.holdout.until
    for day in (on, day_after(on, 9), on + (last - on) / 2, last):
        yield f"monitor on {day}", experience.asked("monitor", day)


def daily_units(plan: Experiment) -> int:
    """First exposures on a day of the test, as many of the plan's distinct units as its exposure takes."""
    assert plan.eligible_units is not None
    assert plan.schedule is not None
    days = sum(run.days for run in exposed_days(plan))
    distinct = plan.eligible_units.distinct_over_run or 60_000 * days
    return math.ceil(distinct * (plan.schedule.exposure or 1) / days / 2) * 2


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "egp.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "comms").mkdir()
    (tmp_path / "comms" / "rollback.md").write_text("We have rolled back.\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("kind", OF_KIND)
@pytest.mark.parametrize("of_type", TYPES)
def test_what_check_accepts_the_gate_can_decide(repository: Path, of_type: str, kind: str) -> None:
    path, report, unanswered = filled(repository, of_type, kind, TODAY)
    assert unanswered == []
    assert report["diagnostics"] == [], shown(report)
    assert report["not_checked"] == [], shown(report)
    text = (repository / path).read_text(encoding="utf-8")
    assert [
        line
        for line in text.splitlines()
        if line.partition("# TODO")[0].rstrip().endswith(":") and "# TODO" in line
    ] == []
    registered = call(repository, "register", path, "--as-of", TODAY, "--write-date")
    assert registered.status == 0, registered.out + registered.err
    for move, answer in walked(Experience(repository, path)):
        told = answer.json
        unsettled = [
            f"{each['check']}: {each['message']}" for each in told["checks"] if each["state"] != "pass"
        ]
        assert (told["verdict"], unsettled) == ("proceed", []), f"{move}: {unsettled}"
        assert answer.status == 0
