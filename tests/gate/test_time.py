"""Time cannot be argued: what is judged as of when, how old results may be, and what an answer of another day opens."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import egp.cli.commands.options
from egp.gate.checks import fresh_results
from egp.gate.verdict import decide
from egp.plan.quantity import Interval
from egp.plan.results import Row
from egp.rules.rule_inputs import Organisation
from egp.stats.values import replace

from .calling import PLAN, call, gate
from .worlds import (
    CONTROL_TRUTH,
    GOOD,
    Truth,
    World,
    entry,
    of,
    open_readings,
    readout_world,
    rendered,
    stage_world,
)

STAGE_1 = "results/pdp-buy-now/stage-1.yaml"
ASKED = ("gate", PLAN, "--results", STAGE_1, "--to", "90%")
H = timedelta(hours=1)
DISASTER = Truth(refund_rate=0.045)


# Now.


def at(monkeypatch: pytest.MonkeyPatch, instant: str) -> None:
    """The clock of the machine says this."""
    moment = datetime.fromisoformat(instant)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return moment.astimezone(tz or UTC)

    monkeypatch.setattr(egp.cli.commands.options, "datetime", Clock)


def test_without_an_instant_the_gate_judges_as_of_now(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "2023-02-09T09:30:15.4-08:00")
    told = call(repository, *ASKED, "--format", "json", "--receipt", "r.json")
    assert told.status == 0
    assert (told.json["as_of"], told.json["as_if"]) == ("2023-02-09T09:30:15-08:00", False)
    recorded = json.loads((repository / "r.json").read_text())
    assert (recorded["as_of"], recorded["as_if"]) == ("2023-02-09T09:30:15-08:00", False)
    assert recorded["call"]["as_of"] is None


def test_the_examples_of_2023_open_nothing_today(repository: Path) -> None:
    told = call(repository, *ASKED)
    assert told.status == 1
    assert "the results were taken 2023-02-09 08:00" in " ".join(told.out.split())


def test_a_receipt_of_now_replays_on_every_other_day(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "2023-02-09T09:30:00-08:00")
    assert call(repository, *ASKED, "--receipt", "r.json").status == 0
    at(monkeypatch, "2024-05-01T00:00:00Z")
    again = call(repository, "gate", "--replay", "r.json", "--format", "text")
    assert (again.status, "the receipt says the same" in again.out) == (0, True)
    assert "as if" not in again.out


@pytest.mark.parametrize("verb", ["status", "brief"])
def test_now_is_the_default_of_every_verb_that_judges(
    verb: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "2023-02-10T12:00:00-08:00")
    asked = ("status", "--results", "results") if verb == "status" else ("brief", PLAN, "--results", STAGE_1)
    told = call(repository, *asked)
    assert told.status == 0, told.err
    assert "2023-02-10 12:00" in told.out


# As if.


@pytest.mark.parametrize(
    ("clock", "is_as_if"),
    [
        ("2023-02-09T08:00:00-08:00", False),
        ("2023-02-09T08:05:00-08:00", False),
        ("2023-02-09T16:04:59+00:00", False),
        ("2023-02-09T08:05:01-08:00", True),
        ("2023-02-09T07:55:00-08:00", False),
        ("2023-02-09T07:54:59-08:00", True),
        ("2026-02-09T08:00:00-08:00", True),
    ],
)
def test_an_answer_for_another_instant_opens_nothing(
    clock: str, is_as_if: bool, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, clock)
    told = gate(repository, "stage-1", "--to", "90%", "--format", "json", "--receipt", "r.json")
    assert told.status == 0, "the status is that of the verdict on every day"
    for record in (told.json, json.loads((repository / "r.json").read_text())):
        assert record["as_if"] is is_as_if
        assert record["action"]["do"] == ("nothing" if is_as_if else "raise")
    assert ("as if" in gate(repository, "stage-1", "--to", "90%").out) == is_as_if
    assert ("as if" in gate(repository, "stage-1", "--to", "90%", "--format", "github").out) == is_as_if


def test_a_roll_back_as_if_commands_nothing_either(repository: Path) -> None:
    told = gate(repository, "two-bad-weeks", "--monitor", "--format", "json")
    assert (told.status, told.json["action"]["do"]) == (3, "nothing")


@pytest.mark.parametrize(
    ("day", "as_of"),
    [
        ("2023-02-09", "2023-02-09T08:00:00-08:00"),
        ("2023-02-10", "2023-02-10T00:00:00-08:00"),
        ("2023-02-08", "2023-02-08T00:00:00-08:00"),
    ],
)
def test_of_a_day_the_results_of_that_day_are_judged_as_of_their_own_instant(
    repository: Path, day: str, as_of: str
) -> None:
    told = gate(
        repository, "stage-1", "--to", "90%", "--as-of", day, "--format", "json", "--receipt", "r.json"
    )
    assert told.json["as_of"] == as_of
    assert call(repository, "gate", "--replay", "r.json").status == told.status


# The age of results.


def aged(world: World, age: timedelta) -> World:
    return world.but(as_of=world.as_of + age, taken=world.as_of)


@pytest.mark.parametrize(
    ("world", "age", "state"),
    [
        (stage_world(), 0 * H, "pass"),
        (stage_world(), 36 * H, "pass"),
        (stage_world(), 36 * H + timedelta(seconds=1), "fail"),
        (stage_world().but(to=""), 72 * H, "pass"),
        (stage_world().but(to=""), 73 * H, "fail"),
        (readout_world(), 37 * H, "fail"),
    ],
)
def test_results_have_an_age_at_which_they_are_too_old(world: World, age: timedelta, state: str) -> None:
    decision = aged(world, age).decide()
    assert of(decision, "fresh-results").state == state
    assert (decision.verdict, decision.kind) == (("proceed", "") if state == "pass" else ("hold", "repair"))


def test_results_that_are_too_old_say_how_old_and_what_to_do() -> None:
    reading = of(aged(stage_world(), 100 * H).decide(), "fresh-results")
    assert (
        reading.message
        == "the results were taken 2023-02-09 08:00, 5 days ago; for a raise they may be 36 h old"
    )
    assert reading.next == "take the results again"


def test_old_results_are_no_silence_of_the_treatment() -> None:
    """Three years later nobody knows how the treatment is; that is a reason to look, not to withdraw it."""
    decision = aged(stage_world().but(to=""), 3 * 365 * 24 * H).decide()
    assert (decision.verdict, decision.kind) == ("hold", "repair")


def test_old_results_that_fire_a_stop_rule_still_do() -> None:
    assert aged(stage_world(treatment=DISASTER).but(to=""), 100 * H).decide().verdict == "roll_back"


def test_a_policy_sets_the_age() -> None:
    readout = aged(stage_world(), 30 * H).readout()
    strict = fresh_results.Params(max_age=24 * H)
    assert [each.state for each in fresh_results.check(readout, strict)] == ["fail"]
    assert [each.state for each in fresh_results.check(readout, fresh_results.Params())] == ["pass"]


@pytest.mark.parametrize(("ahead", "state"), [(4, "pass"), (5, "pass"), (6, "fail"), (60 * 24, "fail")])
def test_results_of_the_future_are_not_judged(ahead: int, state: str) -> None:
    world = stage_world()
    later = world.but(taken=world.as_of + timedelta(minutes=ahead)).decide()
    assert of(later, "fresh-results").state == state
    assert later.verdict == ("proceed" if state == "pass" else "hold")


def test_results_of_the_future_say_as_of_when_they_can_be_judged() -> None:
    world = readout_world()
    reading = of(world.but(taken=world.as_of + 24 * H).decide(), "fresh-results")
    assert "taken 2023-02-08 08:00, after 2023-02-07 08:00, the instant that is judged" in reading.message
    assert "judge as of 2023-02-08T08:00:00-08:00 or later" in reading.next


def test_days_are_asked_for_until_the_results_were_taken() -> None:
    """An export of the evening before is whole, though a day has begun since."""
    assert aged(stage_world(), 20 * H).decide().verdict == "proceed"


# Change windows.


def organisation(*windows: tuple[str, str, str]) -> dict[str, Organisation]:
    calendars: dict[str, tuple[Interval, ...]] = {}
    for name, first, last in windows:
        period = Interval(date.fromisoformat(first), date.fromisoformat(last))
        calendars[name] = (*calendars.get(name, ()), period)
    return {"organisation": Organisation(calendars=calendars)}


FREEZE = ("freeze", "2023-02-07", "2023-02-13")


@pytest.mark.parametrize("world", [readout_world(), stage_world()])
def test_traffic_is_not_raised_in_a_change_window(world: World) -> None:
    decision = world.but(more=organisation(FREEZE)).decide()
    assert (decision.verdict, decision.kind) == ("hold", "wait")
    reading = of(decision, "change-window")
    assert "lies in freeze (2023-02-07 to 2023-02-13), in which no traffic is raised" in reading.message
    assert decision.until == datetime.fromisoformat("2023-02-14T00:00:00-08:00")
    assert reading.next.startswith("call again on 2023-02-14")


@pytest.mark.parametrize("to", ["test", "70%"])
def test_a_test_raises_traffic_as_well(to: str) -> None:
    decision = readout_world().but(to=to, more=organisation(FREEZE)).decide()
    assert of(decision, "change-window").kind == "wait"


@pytest.mark.parametrize(
    ("as_of", "is_open"),
    [
        ("2023-02-07T23:59:59-08:00", False),
        ("2023-02-08T07:59:59+00:00", False),
        ("2023-02-08T08:00:00+00:00", True),
    ],
)
def test_the_days_of_a_window_are_days_of_the_plans_time_zone(as_of: str, is_open: bool) -> None:
    world = readout_world().but(
        as_of=datetime.fromisoformat(as_of), more=organisation(("freeze", "2023-02-07", "2023-02-07"))
    )
    assert of(world.decide(), "change-window").passed is is_open


def test_windows_that_meet_open_after_the_last_of_them() -> None:
    more = organisation(("peak", "2023-02-13", "2023-02-20"), FREEZE, ("freeze", "2023-02-21", "2023-02-21"))
    reading = of(readout_world().but(more=more).decide(), "change-window")
    assert reading.until == datetime.fromisoformat("2023-02-22T00:00:00-08:00")


@pytest.mark.parametrize(("first", "last"), [("2023-02-01", "2023-02-06"), ("2023-02-08", "2023-02-09")])
def test_the_days_around_a_window_are_open(first: str, last: str) -> None:
    assert readout_world().but(more=organisation(("freeze", first, last))).decide().verdict == "proceed"


def test_watching_goes_on_in_a_change_window() -> None:
    decision = stage_world().but(to="", more=organisation(FREEZE)).decide()
    assert decision.verdict == "proceed"
    assert not any(each.check == "change-window" for each in decision.readings)


@pytest.mark.parametrize("to", ["90%", ""])
def test_a_roll_back_is_never_held_back(to: str) -> None:
    harmed = stage_world(treatment=DISASTER).but(to=to, more=organisation(FREEZE))
    assert harmed.decide().verdict == "roll_back"


def later(world: World, days: int) -> World:
    """The same stage, entered so many days later."""
    shift = timedelta(days=days)
    entered = (datetime.fromisoformat("2023-02-07T08:00:00-08:00") + shift).isoformat()

    def moved(row: Row) -> Row:
        return replace(row, date=row.date and row.date + shift, through=row.through and row.through + shift)

    return world.but(as_of=world.as_of + shift, stages=(entry(0.7, entered),)).mapped(moved)


@pytest.mark.parametrize(
    ("days", "first", "last", "is_good"),
    [
        (26, "2023-03-20", "2023-03-21", True),
        (27, "2023-03-20", "2023-03-21", False),
        (33, "2023-02-10", "2023-02-16", True),
        (34, "2023-02-10", "2023-02-16", False),
        (27, "2023-01-31", "2023-02-06", True),
        (28, "2023-01-31", "2023-02-06", False),
    ],
)
def test_the_days_of_a_change_window_do_not_age_a_readout(
    days: int, first: str, last: str, is_good: bool
) -> None:
    """The readout is of 02-06 at midnight, the call of 02-09 at eight, so many days later."""
    world = later(stage_world(GOOD, CONTROL_TRUTH), days).but(more=organisation(("freeze", first, last)))
    troubles = open_readings(decide(world.readout())).get("stage-order", [])
    assert (troubles == []) == is_good


def test_a_readout_that_is_too_old_all_the_same_says_what_was_taken_off() -> None:
    world = later(stage_world(), 60).but(more=organisation(FREEZE))
    reading = of(world.decide(), "stage-order")
    assert reading.message.endswith("days old, 7 of them in change windows; it is good for 30")


def test_the_calendars_of_the_policy_are_what_counts(repository: Path) -> None:
    policy = repository / "egp.yaml"
    policy.write_text(policy.read_text().replace("2023-10-10/2023-10-11", "2023-02-09/2023-02-12"))
    told = gate(repository, "stage-1", "--to", "90%", "--format", "json").json
    assert told["hold"] == {"kind": "wait", "until": "2023-02-13T00:00:00-08:00"}
    assert told["action"]["earliest_next_call"] == "2023-02-13T00:00:00-08:00"


def test_every_output_says_what_it_is_as_of() -> None:
    told = rendered(stage_world())
    assert all("2023-02-09" in out for out in told.values())


@pytest.mark.parametrize(
    "instant", ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"]
)
@pytest.mark.parametrize("move", [("--to", "90%"), ("--monitor",)])
def test_the_ends_of_the_calendar_are_as_good_as_any_day(
    repository: Path, instant: str, move: tuple[str, ...]
) -> None:
    told = gate(repository, "stage-1", *move, "--as-of", instant, "--format", "json")
    assert (told.status, told.json["errors"]) == (1, [])
