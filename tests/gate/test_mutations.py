"""One thing changed in what would proceed: the verdict changes as it must."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from egp.stats.values import replace

from .worlds import DAY, entry, messages, of, open_readings, plan_of, readout_world, registered, stage_world


def variant_days() -> list[tuple[str, str, object]]:
    rows = readout_world().rows
    found = {(row.window, row.variant, row.metric, row.date) for row in rows if row.segment == ""}
    return sorted(
        {(row[1], row[2], row[3]) for row in found if row[0] == "cohort"},
        key=lambda each: (each[0], each[1], str(each[2])),
    )


@pytest.mark.parametrize("at", range(0, 84, 7))
def test_any_variant_day_deleted_holds_for_repair(at: int) -> None:
    variant, metric, day = variant_days()[at]
    world = readout_world().without(lambda row: (row.variant, row.metric, row.date) == (variant, metric, day))
    decision = world.decide()
    assert (decision.verdict, decision.kind) == ("hold", "repair")
    assert f"{metric} are missing for {variant}: {day}" in messages(open_readings(decision)["complete-data"])


@pytest.mark.parametrize("window", ["day", "week", "total"])
def test_a_missing_day_week_or_total_holds(window: str) -> None:
    world = readout_world()
    first = next(row for row in world.rows if row.window == window and row.segment == "")
    decision = world.without(lambda row: row is first).decide()
    assert (decision.verdict, decision.kind) == ("hold", "repair")
    assert first.metric in messages(open_readings(decision)["complete-data"])


def test_swapped_variants_are_a_loss() -> None:
    other = {"control": "buy_now", "buy_now": "control"}
    decision = readout_world().mapped(lambda row: replace(row, variant=other[row.variant])).decide()
    assert (decision.verdict, decision.kind) == ("hold", "inconclusive")
    reading = of(decision, "primary-outcome")
    assert (reading.state, reading.interval is not None and reading.interval[1] < 0) == ("fail", True)


def test_three_percent_more_units_in_one_variant_withhold_the_primary() -> None:
    def inflate(row):  # type: ignore[no-untyped-def]
        return replace(row, units=round(row.units * 1.03)) if row.variant == "buy_now" else row

    decision = readout_world().mapped(inflate).decide()
    assert (decision.verdict, decision.kind) == ("hold", "repair")
    assert of(decision, "sample-ratio").state == "fail"
    primary = of(decision, "primary-outcome")
    assert (primary.state, primary.withheld, dict(primary.numbers)) == ("not_checked", True, {})
    assert {r.state for r in decision.readings if r.check == "guardrail"} == {"not_checked"}
    assert {r.state for r in decision.readings if r.check == "stop-rule"} == {"pass"}


def test_one_minute_before_the_dwell_is_complete() -> None:
    world = stage_world()
    early = world.but(as_of=world.as_of - timedelta(minutes=1))
    decision = early.decide()
    assert (decision.verdict, decision.kind, decision.until) == ("hold", "wait", world.as_of)
    reading = of(decision, "dwell")
    assert reading.message.endswith("dwell complete 2023-02-09 08:00, 1 min to go")
    assert world.decide().verdict == "proceed"


@pytest.mark.parametrize("changes", [{"revision": "web-9000"}, {"treatment_revision": "web-9000"},
                                     {"stages": (entry(0.7, "2023-02-07T08:00:00-08:00", "web-9000"),)}])  # fmt: skip
def test_another_revision_holds(changes: dict[str, object]) -> None:
    decision = stage_world().but(**changes).decide()
    assert (decision.verdict, decision.kind) == ("hold", "repair")
    assert "web-9000" in of(decision, "revision").message
    assert "restarts at the canary" in of(decision, "revision").next


def test_the_build_that_was_tested_may_be_named() -> None:
    assert stage_world().but(treatment_revision="web-8841").decide().verdict == "proceed"


@pytest.mark.parametrize(
    "edit",
    [
        {"decision_rule": {"min_ci_lower": "-1%"}},
        {"guardrail_metrics": {0: {"non_inferiority_margin": "12%"}}},
        {"statistics": {"srm_alpha": "0.01%"}},
        {"ramp": {0: {"min_dwell": "1h"}}},
    ],
)
def test_a_plan_edited_after_registration_holds(edit: dict[str, Any]) -> None:
    decision = readout_world(**edit).but(registration=registered(plan_of())).decide()
    assert (decision.verdict, decision.kind) == ("hold", "repair")
    assert "changed since" in of(decision, "registered").message


def test_a_new_title_needs_no_registration() -> None:
    world = readout_world(title="Buy Now, persistent")
    assert world.but(registration=registered(plan_of())).decide().verdict == "proceed"


def test_a_plan_registered_once_it_ran_is_none() -> None:
    world = readout_world()
    late = registered(world.plan, on=world.plan.schedule.start)  # type: ignore[union-attr, arg-type]
    assert "first units were treated" in of(world.but(registration=late).decide(), "registered").message


def test_the_same_plan_judging_all_units_waits_until_their_refunds_have_matured() -> None:
    everyone = readout_world(guardrail_metrics={0: {"judged_on": "all_units"}})
    decision = everyone.decide()
    assert (decision.verdict, decision.kind) == ("hold", "wait")
    assert decision.until == datetime.fromisoformat("2023-02-13T00:00:00-08:00")
    assert "mature on 2023-02-13" in of(decision, "outcome-matured").message
    assert of(decision, "guardrail", "refund_rate").kind == "wait"

    def counted(row):  # type: ignore[no-untyped-def]
        return replace(row, through=row.through + 7 * DAY) if row.window == "cohort" else row

    later = everyone.mapped(counted).but(as_of=everyone.as_of + 6 * DAY)
    assert later.decide().verdict == "proceed"


def test_a_stage_is_not_skipped() -> None:
    decision = readout_world().but(to="90%").decide()
    assert (decision.verdict, decision.kind) == ("hold", "repair")
    assert "90% comes after 70%" in of(decision, "stage-order").message


def test_a_stage_is_not_entered_twice() -> None:
    decision = stage_world().but(to="70%").decide()
    assert "entered already" in of(decision, "stage-order").message


def test_a_readout_is_good_for_thirty_days() -> None:
    world = stage_world()
    shift = timedelta(days=30)
    moved = world.but(
        as_of=world.as_of + shift,
        stages=(entry(0.7, "2023-03-09T08:00:00-08:00"),),
    ).mapped(
        lambda row: replace(
            row, date=row.date and row.date + shift, through=row.through and row.through + shift
        )
    )
    decision = moved.decide()
    assert decision.kind == "inconclusive"
    assert "34 days old; it is good for 30" in of(decision, "stage-order").message


def test_before_the_start_that_the_plan_declares_the_ramp_waits() -> None:
    world = readout_world()
    decision = world.but(as_of=world.as_of - timedelta(hours=9)).decide()
    assert (decision.kind, decision.until) == ("wait", datetime.fromisoformat("2023-02-07T00:00:00-08:00"))
