"""The verdict: what proceeds, and that safety outranks hygiene."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from egp.gate.reading import Kind, Reading, State
from egp.gate.readout import Readout
from egp.gate.verdict import EXIT_STATUS, Crash, Decision, decide
from egp.plan.results import RowRefusal, StageCounts
from egp.rules.gate_check import Check, checks
from egp.rules.rule import Params, RulePage
from egp.stats.values import replace

from .test_real_plans import holdback, with_negative_control
from .worlds import HARMFUL, World, of, open_readings, plan_of, readout_world, registered, stage_world


def fixed(state: State, kind: Kind = "", check_id: str = "limit", until: datetime | None = None) -> Check:
    def read(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
        yield Reading(state, check_id, kind=kind, until=until)

    return Check(check_id, read, Params, RulePage(""))


def crashing(*before: Reading) -> Check:
    def read(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
        yield from before
        raise LookupError("no reason")

    return Check("novelty", read, Params, RulePage(""))


def decided(*among: Check) -> Decision:
    return decide(readout_world().readout(), among=among)


def test_a_sound_readout_proceeds() -> None:
    decision = readout_world().decide()
    assert (decision.verdict, decision.exit_status, open_readings(decision)) == ("proceed", 0, {})


def test_a_sound_stage_proceeds() -> None:
    decision = stage_world().decide()
    assert (decision.verdict, open_readings(decision)) == ("proceed", {})


def test_every_check_speaks_on_the_way_from_the_test_to_the_last_stage() -> None:
    counted = readout_world().but(more={"counts": (StageCounts("test", 294_000, repeated=1),)})
    controlled = with_negative_control(0.0)
    held_back = holdback("2023-03-07")
    spoken = {
        reading.check
        for world in (readout_world(), stage_world(), counted, controlled, held_back)
        for reading in world.decide().readings
    }
    assert spoken == {check.id for check in checks()}


@pytest.mark.parametrize(
    ("among", "verdict"),
    [
        ([fixed("pass")], "proceed"),
        ([fixed("pass"), fixed("fail", "wait")], "hold"),
        ([fixed("pass"), fixed("not_checked", "repair")], "hold"),
        ([fixed("cannot_rule_out", "inconclusive")], "hold"),
        ([fixed("fail", "repair"), crashing()], "could_not_judge"),
        ([crashing(), fixed("fail", "rollback")], "roll_back"),
        ([fixed("fail", "rollback"), fixed("not_checked", "repair"), fixed("fail", "wait")], "roll_back"),
        ([crashing(Reading("fail", "fired", kind="rollback"))], "roll_back"),
        ([fixed("pass", "rollback")], "proceed"),
    ],
)
def test_safety_then_crashes_then_everything_open(among: list[Check], verdict: str) -> None:
    assert decided(*among).verdict == verdict


def test_exit_statuses() -> None:
    assert EXIT_STATUS == {"proceed": 0, "hold": 1, "could_not_judge": 2, "roll_back": 3}


@pytest.mark.parametrize(
    ("kinds", "called"),
    [
        (["wait"], "wait"),
        (["wait", "inconclusive"], "inconclusive"),
        (["wait", "repair", "inconclusive"], "repair"),
    ],
)
def test_a_hold_says_which_kind(kinds: list[Kind], called: str) -> None:
    assert decided(*(fixed("fail", kind) for kind in kinds)).kind == called


def test_a_hold_that_waits_says_until_when_all_waits_are_over() -> None:
    moments = [datetime.fromisoformat(f"2023-02-0{day}T08:00:00-08:00") for day in (9, 7)]
    assert decided(*(fixed("fail", "wait", until=moment) for moment in moments)).until == moments[0]
    assert decided(fixed("fail", "wait", until=moments[0]), fixed("fail", "repair")).until is None


def test_what_a_crashed_check_said_before_is_kept() -> None:
    decision = decided(crashing(Reading("pass", "so far")))
    assert [reading.message for reading in decision.readings] == ["so far"]
    assert decision.crashes == (Crash("novelty", "novelty crashed (LookupError: no reason)"),)


def test_a_crash_of_one_stop_rule_does_not_silence_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(duration: timedelta) -> int:
        raise LookupError(f"no days in {duration}")

    monkeypatch.setattr("egp.gate.checks.stop_rule.whole_days", broken)
    decision = readout_world(HARMFUL, stop_rules=_slow_rule_first()).decide()
    assert decision.verdict == "roll_back"
    assert [crash.check for crash in decision.crashes] == ["stop-rule"]


def _slow_rule_first() -> list[dict[str, object]]:
    return [
        {"id": "slow", "metric": "p95_page_load", "harm_exceeds": "10%", "for": "2d", "min_units_per_variant": 5000},
        {"id": "refunds", "metric": "refund_rate", "harm_exceeds": "5%", "probability": "95%", "prior": "flat",
         "evaluated": "daily", "min_units_per_variant": 20_000, "action": "rollback"},
    ]  # fmt: skip


def broken_hygiene() -> dict[str, World]:
    harmed = readout_world(HARMFUL)
    refusal = RowRefusal("r.csv", 3, 2, "units", "-4 is no number of units", "count again")
    return {
        "registered": harmed.but(registration=None),
        "registered (changed)": harmed.but(registration=registered(plan_of(title="other", revision="x"))),
        "revision": harmed.but(revision="web-9"),
        "stage-order": harmed.but(to="90%"),
        "complete-data": harmed.but(more={"problems": (refusal,)}),
        "sample-ratio": harmed.mapped(
            lambda row: replace(row, units=round(row.units * 1.03)) if row.variant == "control" else row
        ),
        "runtime-complete": readout_world(HARMFUL, statistics={"looks": ["2023-02-20"]}),
        "no rows of the primary": harmed.without(lambda row: row.metric == "add_to_cart_rate"),
        "no rows of the other guardrails": harmed.without(
            lambda row: row.metric in ("cs_contacts", "p95_page_load")
        ),
        "a plan without statistics": readout_world(
            HARMFUL, statistics={"looks": None, "alpha": None, "sides": None}
        ),
    }


@pytest.mark.parametrize("which", broken_hygiene())
def test_a_fired_stop_rule_rolls_back_whatever_else_is_wrong(which: str) -> None:
    decision = broken_hygiene()[which].decide()
    assert decision.exit_status == 3
    assert any("stop rule refunds" in reading.message for reading in decision.reasons)
    assert any(not reading.passed and not reading.rolls_back for reading in decision.readings)


def test_a_fired_stop_rule_rolls_back_without_any_one_row() -> None:
    world = readout_world(HARMFUL)
    for dropped in world.rows[:: len(world.rows) // 60]:
        assert world.without(lambda row, dropped=dropped: row is dropped).decide().verdict == "roll_back"  # type: ignore[misc]


def test_a_damaged_lock_keeps_from_judging_but_not_from_rolling_back() -> None:
    trouble = Crash("registered", "the lock is damaged")
    assert decide(readout_world().but(registration=None).readout(), [trouble]).verdict == "could_not_judge"
    assert decide(readout_world(HARMFUL).but(registration=None).readout(), [trouble]).verdict == "roll_back"


def test_an_experiment_that_has_not_begun_waits() -> None:
    early = readout_world().but(rows=(), as_of=datetime.fromisoformat("2023-01-20T08:00:00-08:00"))
    decision = early.decide()
    assert (decision.verdict, decision.kind) == ("hold", "wait")
    assert (
        of(decision, "runtime-complete").message == "the test starts on 2023-01-23, and is read on 2023-02-06"
    )


def test_a_check_that_may_roll_back_declares_it() -> None:
    """Whoever watches a stage without raising it calls these alone."""

    def names_a_rollback(check: Check) -> bool:
        source = Path(sys.modules[check.read.__module__].__file__ or "").read_text(encoding="utf-8")
        return any(
            isinstance(each, ast.Constant) and each.value == "rollback"
            for each in ast.walk(ast.parse(source))
        )

    assert {each.id for each in checks() if each.withdraws} == {
        each.id for each in checks() if names_a_rollback(each)
    }
