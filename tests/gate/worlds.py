"""Experiments made up for the gate: the plan of the example, and rows whose estimates are known beforehand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from egp.gate import json, receipt
from egp.gate.call import Call
from egp.gate.clock import instant, zone_of
from egp.gate.judgement import GateJudgement, Inputs
from egp.gate.move import MONITOR, Move, move_to
from egp.gate.page import page
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.verdict import Decision, decide
from egp.output.page import markdown, text
from egp.output.report.text import Style
from egp.plan.analysis.registered_test import ANALYSIS
from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.quantity import Interval, Share
from egp.plan.results import Evidence, Results, Row, StageEntry, results_digest
from egp.policy.reading import shipped_policy
from egp.record.lock import PinnedPolicy, Registration, Signed, made
from egp.rules.rule_inputs import Organisation
from egp.stats.values import replace
from egp.yaml import read_text

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "examples" / "experiments" / "pdp-buy-now.yaml"
DAY = timedelta(days=1)
CONTROL, TREATMENT = "control", "buy_now"
ORGANISATION = Organisation(calendars={"peak_sale": (Interval(date(2023, 11, 20), date(2023, 12, 1)),)})


def merged(value: Any, change: Any) -> Any:
    """The value with a change put over it: mappings key by key, lists by position, None takes away."""
    if isinstance(value, list) and isinstance(change, dict):
        items = [merged(item, change[at]) if at in change else item for at, item in enumerate(value)]
        return [item for item in items if item is not None]
    if not isinstance(value, dict) or not isinstance(change, dict):
        return change
    together = {key: merged(value[key], change[key]) if key in change else value[key] for key in value}
    return {k: v for k, v in {**change, **together}.items() if v is not None}


def plan_of(**changes: Any) -> Experiment:
    """The example's plan, changed."""
    value = merged(read_text(PLAN.read_text(encoding="utf-8"), "plan.yaml")[0].value, changes)
    plan, problems = read_experiment(value)
    assert problems == []
    return plan


def registered(plan: Experiment, on: date = date(2023, 1, 17)) -> Registration:
    """The entry that the lock has for the plan as it is."""
    return made(
        Registration,
        path="plan.yaml",
        digest=plan_digest(plan),
        registered=on,
        analysis=ANALYSIS,
        policy=made(PinnedPolicy, name="egp:standard", digest="sha256:0"),
        signed=tuple(made(Signed, role=each.role, by=each.by, on=each.on) for each in plan.sign_offs),
    )


@dataclass(frozen=True)
class Truth:
    """What the units of a variant do: means of the metrics, as observed to the last digit."""

    add_to_cart_rate: float = 0.12
    refund_rate: float = 0.031
    cs_contacts: float = 0.042
    p95_page_load: float = 1.9


CONTROL_TRUTH = Truth()
GOOD = Truth(add_to_cart_rate=0.126)
HARMFUL = Truth(add_to_cart_rate=0.126, refund_rate=0.0341)


def days(first: date, last: date) -> list[date]:
    return [first + at * DAY for at in range((last - first).days + 1)]


def rate_row(head: Mapping[str, Any], rate: float, units: int, with_covariate: bool) -> Row:
    """A rate; the covariate is a rate of 18 % and correlates with it by one half."""
    total = rate * units
    if not with_covariate:
        return Row(**head, units=units, sum=total)
    before = 0.18
    both = rate * before + 0.5 * math.sqrt(rate * (1 - rate) * before * (1 - before))
    return Row(
        **head,
        units=units,
        sum=total,
        covariate_sum=before * units,
        covariate_sum_squares=before * units,
        covariate_cross_sum=both * units,
    )


def mean_row(head: Mapping[str, Any], mean: float, units: int, std_dev: float = 0.21) -> Row:
    return Row(**head, units=units, sum=mean * units, sum_squares=(std_dev**2 + mean**2) * units)


def rows_of(
    stage: str,
    first: date,
    last: date,
    through: date,
    per_day: Mapping[str, int],
    truths: Mapping[str, Truth],
) -> list[Row]:
    """Every row that the gate asks for, of a stage that lasted from the first to the last day."""
    rows: list[Row] = []
    span = days(first, last)
    for variant, truth in truths.items():
        units = per_day[variant]
        for day in span:
            head = {"stage": stage, "window": "cohort", "date": day, "variant": variant, "segment": ""}
            with_through = {**head, "through": through}
            rows.append(
                rate_row({**with_through, "metric": "add_to_cart_rate"}, truth.add_to_cart_rate, units, True)
            )
            rows.append(rate_row({**with_through, "metric": "refund_rate"}, truth.refund_rate, units, False))
            rows.append(mean_row({**with_through, "metric": "cs_contacts"}, truth.cs_contacts, units))
            rows.append(load_row(stage, "day", day, variant, truth, units))
        rows.append(load_row(stage, "total", None, variant, truth, units * len(span), last))
        for week in span[: len(span) // 7 * 7 : 7]:
            head = {"stage": stage, "window": "week", "date": week, "variant": variant, "segment": ""}
            rows.append(mean_row({**head, "metric": "cs_contacts"}, truth.cs_contacts, 7 * units))
            rows.append(rate_row({**head, "metric": "refund_rate"}, truth.refund_rate, 7 * units, False))
            head["segment"] = "first_week"
            rows.append(
                rate_row({**head, "metric": "add_to_cart_rate"}, truth.add_to_cart_rate, 7 * units, False)
            )
    return rows


def load_row(
    stage: str,
    window: Any,
    day: date | None,
    variant: str,
    truth: Truth,
    units: int,
    through: date | None = None,
) -> Row:
    return Row(
        stage, window, day, variant, "p95_page_load", "", units,
        value=truth.p95_page_load, standard_error=5.2 / math.sqrt(units), through=through,
    )  # fmt: skip


@dataclass(frozen=True)
class World:
    """One call of the gate, every part of which can be replaced."""

    plan: Experiment
    rows: tuple[Row, ...]
    as_of: datetime
    to: str = "70%"
    stages: tuple[StageEntry, ...] = ()
    revision: str | None = "web-8841"
    registration: Registration | None = None
    treatment_revision: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    taken: datetime | None = None
    """When the results were taken; None for the instant that is judged."""
    has_digest: bool = False
    """Digests take longer than decisions."""

    @property
    def move(self) -> Move:
        return move_to(self.plan, self.to) if self.to else MONITOR

    @property
    def evidence(self) -> Evidence:
        taken = self.taken or self.as_of
        results = made(
            Results, experiment=self.plan.id, as_of=taken, revision=self.revision, stages=self.stages
        )
        rows = tuple(sorted(self.rows, key=lambda row: row.key))
        digest = results_digest(results, rows) if self.has_digest else ""
        problems, counts = self.more.get("problems", ()), self.more.get("counts", ())
        return Evidence(results, taken, rows, problems, digest, counts)

    def readout(self) -> Readout:
        return Readout(
            plan=self.plan,
            evidence=self.evidence,
            move=self.move,
            as_of=instant(self.as_of, zone_of(self.plan)),
            registration=self.registration,
            digest=plan_digest(self.plan),
            treatment_revision=self.treatment_revision,
            treatment=self.more.get("treatment", ""),
            organisation=self.more.get("organisation", ORGANISATION),
            frozen=self.more.get("frozen", {}),
        )

    def decide(self) -> Decision:
        return decide(self.readout())

    def but(self, **changes: Any) -> World:
        return replace(self, **changes)

    def without(self, drop: Callable[[Row], bool]) -> World:
        return self.but(rows=tuple(row for row in self.rows if not drop(row)))

    def mapped(self, change: Callable[[Row], Row]) -> World:
        return self.but(rows=tuple(map(change, self.rows)))


def entry(treated: float, entered: str, revision: str | None = None) -> StageEntry:
    return made(
        StageEntry, treated=Share(treated), entered=datetime.fromisoformat(entered), revision=revision
    )


def readout_world(treatment: Truth = GOOD, control: Truth = CONTROL_TRUTH, **changes: Any) -> World:
    """The morning after the look: two weeks, 10,500 new units in each variant on each day."""
    plan = plan_of(**changes)
    per_day = {CONTROL: 10_500, TREATMENT: 10_500}
    rows = rows_of(
        "test", date(2023, 1, 23), date(2023, 2, 5), date(2023, 2, 6), per_day,
        {CONTROL: control, TREATMENT: treatment},
    )  # fmt: skip
    return World(
        plan, tuple(rows), datetime.fromisoformat("2023-02-07T08:00:00-08:00"), registration=registered(plan)
    )


def stage_world(treatment: Truth = GOOD, control: Truth = CONTROL_TRUTH, **changes: Any) -> World:
    """48 hours at 70 %, asked for 90 %."""
    plan = plan_of(**changes)
    rows = rows_of(
        "70%", date(2023, 2, 7), date(2023, 2, 8), date(2023, 2, 8), {CONTROL: 12_000, TREATMENT: 28_000},
        {CONTROL: control, TREATMENT: treatment},
    )  # fmt: skip
    return World(
        plan,
        tuple(rows),
        datetime.fromisoformat("2023-02-09T08:00:00-08:00"),
        to="90%",
        stages=(entry(0.7, "2023-02-07T08:00:00-08:00"),),
        registration=registered(plan),
    )


def open_readings(decision: Decision) -> dict[str, list[Reading]]:
    """Check → its readings that do not pass."""
    found: dict[str, list[Reading]] = {}
    for reading in decision.readings:
        if not reading.passed:
            found.setdefault(reading.check, []).append(reading)
    return found


def of(decision: Decision, check: str, metric: str = "") -> Reading:
    """The one reading of a check, about the metric if it is named."""
    (reading,) = [each for each in decision.readings if each.check == check and metric in ("", each.metric)]
    return reading


def messages(readings: Iterable[Reading]) -> str:
    return "\n".join(reading.message for reading in readings)


def judgement_of(world: World) -> GateJudgement:
    """The judgement as renderers take it, under the shipped policy."""
    readout = world.but(has_digest=True).readout()
    policy = shipped_policy("egp:standard")
    call = Call("plan.yaml", "results.yaml", world.to, now=world.as_of)
    inputs = Inputs(readout.digest, "sha256:lock", readout.evidence.digest, policy.digest)
    return GateJudgement(call, readout, decide(readout), inputs, policy)


def rendered(world: World) -> dict[str, str]:
    """Every output of the gate, by its name, as it is on one call."""
    judgement = judgement_of(world)
    return {
        "text": text.render(page(judgement), Style()),
        "json": json.render(judgement),
        "markdown": markdown.render(page(judgement)),
        "github": markdown.render(page(judgement, folded=True)),
        "receipt": receipt.written(judgement),
    }
