"""Before its look nothing that anybody prints depends on what the primary or a secondary metric did."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from egp.gate.looks import due_look, open_look
from egp.gate.withholding import withheld_metrics
from egp.plan.results import Row
from egp.stats.values import replace

from .worlds import (
    CONTROL,
    TREATMENT,
    Truth,
    World,
    of,
    plan_of,
    readout_world,
    registered,
    rendered,
    rows_of,
    stage_world,
)

DAY_5 = datetime.fromisoformat("2023-01-28T08:00:00-08:00")


def day_5(treatment: Truth, **changes: object) -> World:
    """The morning after day 5."""
    plan = plan_of(**changes)
    rows = rows_of(
        "test", date(2023, 1, 23), date(2023, 1, 27), date(2023, 1, 27), {CONTROL: 14_000, TREATMENT: 14_000},
        {CONTROL: Truth(), TREATMENT: treatment},
    )  # fmt: skip
    return World(plan, tuple(rows), DAY_5, registration=registered(plan))


def bent(row: Row) -> Row:
    """Another result of the primary, from the same units."""
    if row.metric != "add_to_cart_rate":
        return row
    return replace(row, sum=row.units * 0.2371, covariate_sum=row.units * 0.1, covariate_sum_squares=row.units * 0.1,
                   covariate_cross_sum=row.units * 0.05)  # fmt: skip


def without_digests(outputs: dict[str, str], world: World) -> dict[str, str]:
    """The outputs without the digest of the results, which has to differ."""
    digest = world.but(has_digest=True).evidence.digest
    return {name: out.replace(digest, "-").replace(digest[-12:], "-") for name, out in outputs.items()}


def compared(one: World, other: World) -> tuple[dict[str, str], dict[str, str]]:
    return without_digests(rendered(one), one), without_digests(rendered(other), other)


@pytest.mark.parametrize("output", ["text", "json", "markdown", "github", "receipt"])
@pytest.mark.parametrize("to", ["70%", ""])
def test_no_output_depends_on_the_primary_before_its_look(output: str, to: str) -> None:
    world = day_5(Truth(add_to_cart_rate=0.132)).but(to=to)
    one, other = compared(world, world.mapped(bent))
    assert one[output] == other[output]


def test_at_its_look_every_output_tells_it() -> None:
    one, other = compared(readout_world(), readout_world().mapped(bent))
    assert [name for name in one if one[name] == other[name]] == []
    assert all("+0.60 pp" in out for name, out in one.items() if name != "github")


@pytest.mark.parametrize("output", ["text", "json", "markdown", "github", "receipt"])
def test_with_a_wrong_split_no_output_depends_on_the_primary(output: str) -> None:
    def inflate(row: Row) -> Row:
        return replace(row, units=round(row.units * 1.03)) if row.variant == CONTROL else row

    world = readout_world().mapped(inflate)
    one, other = compared(world, world.mapped(bent))
    assert one[output] == other[output]
    assert "withheld, because the sample ratio does not match" in one["text"]


def test_what_is_withheld_says_until_when() -> None:
    decision = day_5(Truth(add_to_cart_rate=0.132)).decide()
    reading = of(decision, "primary-outcome")
    assert reading.message == "add_to_cart_rate: withheld until 2023-02-06, the planned look"
    assert (reading.withheld, reading.interval, dict(reading.numbers), reading.observed) == (
        True,
        None,
        {},
        "",
    )
    assert (decision.verdict, decision.kind) == ("hold", "wait")


STOP_LOSS = {
    "id": "loss", "metric": "add_to_cart_rate", "harm_exceeds": "0.5%", "probability": "99%", "prior": "flat",
    "evaluated": "daily", "min_units_per_variant": 20_000, "action": "rollback",
}  # fmt: skip


@pytest.mark.parametrize(("rate", "fired"), [(0.12, False), (0.11, True)])
def test_a_stop_rule_on_the_primary_says_only_whether_it_fired(rate: float, fired: bool) -> None:
    world = day_5(Truth(add_to_cart_rate=rate), stop_rules=[STOP_LOSS]).but(to="")
    decision = world.decide()
    assert decision.verdict == ("roll_back" if fired else "proceed")
    (reading,) = [each for each in decision.readings if each.metric == "add_to_cart_rate"]
    assert (
        reading.message
        == f"stop rule loss on add_to_cart_rate has {'' if fired else 'not '}fired".replace(
            "has fired", "fired"
        )
    )
    assert (reading.interval, dict(reading.numbers)) == (None, {})
    slightly = day_5(Truth(add_to_cart_rate=rate + 0.0001), stop_rules=[STOP_LOSS]).but(to="")
    one, other = compared(world, slightly)
    assert one == other


def test_a_limit_on_the_primary_says_only_whether_it_holds() -> None:
    changes = {"primary_metric": {"limit": {"min": "10%"}}, "stop_rules": []}
    one, other = compared(
        day_5(Truth(add_to_cart_rate=0.13), **changes).but(to=""),
        day_5(Truth(add_to_cart_rate=0.14), **changes).but(to=""),
    )
    assert one == other
    broken = day_5(Truth(add_to_cart_rate=0.08), **changes).but(to="").decide()
    assert broken.verdict == "roll_back"
    assert not re.search(r"\b8(\.0+)? ?%", of(broken, "limit", "add_to_cart_rate").message)


def test_a_secondary_metric_is_withheld_as_well() -> None:
    rule = {**STOP_LOSS, "metric": "conversion_rate"}
    world = day_5(Truth(), stop_rules=[rule])
    converted = [
        replace(row, metric="conversion_rate", sum=row.units * rate, covariate_sum=None, covariate_sum_squares=None,
                covariate_cross_sum=None)
        for row in world.rows
        if row.metric == "add_to_cart_rate" and row.window == "cohort"
        for rate in [0.034 if row.variant == CONTROL else 0.035]
    ]  # fmt: skip
    one = world.but(rows=(*world.rows, *converted))
    other = world.but(rows=(*world.rows, *(replace(row, sum=row.units * 0.036) for row in converted)))
    left, right = compared(one, other)
    assert left == right
    assert "stop rule loss on conversion_rate has not fired" in left["text"]


def sequential(rate: float, as_of: str, last: date, looks: list[str], **statistics: object) -> World:
    changes = {"method": "group_sequential", "spending": "obrien_fleming", "guardrail_spending": "pocock",
               "looks": looks, **statistics}  # fmt: skip
    plan = plan_of(statistics=changes, schedule={"end": "2023-02-19"}, sample_size_per_variant=280_000,
                   ramp={0: {"start": None}})  # fmt: skip
    rows = rows_of(
        "test", date(2023, 1, 23), last, last, {CONTROL: 10_200, TREATMENT: 10_200},
        {CONTROL: Truth(), TREATMENT: Truth(add_to_cart_rate=rate)},
    )  # fmt: skip
    return World(plan, tuple(rows), datetime.fromisoformat(as_of), registration=registered(plan))


LOOKS = ["2023-02-06", "2023-02-20"]


def test_a_sequential_plan_is_withheld_before_its_first_look() -> None:
    early = sequential(0.14, "2023-02-01T08:00:00-08:00", date(2023, 1, 31), LOOKS)
    assert of(early.decide(), "primary-outcome").withheld


def test_a_sequential_plan_opens_at_a_look_against_its_boundary() -> None:
    interim = "2023-02-06T08:00:00-08:00"
    clear = sequential(0.14, interim, date(2023, 2, 5), LOOKS).decide()
    assert clear.verdict == "proceed"
    unclear = sequential(0.1227, interim, date(2023, 2, 5), LOOKS).decide()
    reading = of(unclear, "primary-outcome")
    assert reading.numbers["p_value"] < 0.05
    assert (unclear.verdict, unclear.kind) == ("hold", "wait")
    assert "next look, 2023-02-20" in reading.next


def test_an_always_valid_plan_asks_for_more_than_a_fixed_horizon() -> None:
    world = sequential(
        0.1227, "2023-02-06T08:00:00-08:00", date(2023, 2, 5), LOOKS, method="always_valid", spending=None
    )
    reading = of(world.decide(), "primary-outcome")
    assert reading.numbers["p_value"] < 0.05
    assert reading.state == "fail"


AFTER_THE_LOOK = datetime.fromisoformat("2023-02-07T08:00:00-08:00")


def whole_run(**changes: Any) -> World:
    """The morning after the look, as it should be."""
    return readout_world(Truth(add_to_cart_rate=0.132), **changes)


def counted_late(world: World) -> World:
    """The same cohorts, their outcomes counted through the eve of the look."""
    return world.mapped(lambda row: replace(row, through=date(2023, 2, 6)) if row.window == "cohort" else row)


def filled_in(world: World, first: date, among: Callable[[Row], bool] = lambda _: True) -> World:
    """Days from one on with rows of nobody, as an export has that joins a calendar."""

    def nobody(row: Row) -> Row:
        if row.window not in ("cohort", "day") or row.date is None or row.date < first or not among(row):
            return row
        sums: dict[str, Any] = {
            name: 0.0
            for name in (
                "sum",
                "sum_squares",
                "covariate_sum",
                "covariate_sum_squares",
                "covariate_cross_sum",
            )
            if getattr(row, name) is not None
        }
        return replace(row, units=0, **sums)

    return world.mapped(nobody)


CLOSED = {
    "a later call": day_5(Truth(add_to_cart_rate=0.132)).but(as_of=AFTER_THE_LOOK, taken=DAY_5),
    "a later call on the last instant before": whole_run().but(
        taken=datetime.fromisoformat("2023-02-05T23:59:59-08:00")
    ),
    "the same instant told in another time zone": whole_run().but(
        taken=datetime.fromisoformat("2023-02-06T07:59:59+00:00")
    ),
    "a stamp later than the rows": day_5(Truth(add_to_cart_rate=0.132)).but(as_of=AFTER_THE_LOOK),
    "a stamp and a count later than the rows": counted_late(day_5(Truth(add_to_cart_rate=0.132))).but(
        as_of=AFTER_THE_LOOK
    ),
    "a day without a row in one variant": whole_run().without(
        lambda row: (row.metric, row.window, row.date, row.variant)
        == ("add_to_cart_rate", "cohort", date(2023, 2, 1), TREATMENT)
    ),
    "days to come that are filled in": filled_in(whole_run(), date(2023, 1, 28)),
    "three days to come that are filled in": filled_in(whole_run(), date(2023, 2, 3)),
    "days to come of the primary alone that are filled in": filled_in(
        whole_run(), date(2023, 2, 1), lambda row: row.metric == "add_to_cart_rate" or row.window == "day"
    ),
    "the last day without rows": whole_run().without(lambda row: row.date == date(2023, 2, 5)),
    "no rows of one variant": whole_run().without(
        lambda row: (row.metric, row.variant) == ("add_to_cart_rate", CONTROL)
    ),
    "outcomes that are not counted to their end": whole_run(
        primary_metric={"outcome_window": "3d"}, statistics={"looks": ["2023-02-09"]}
    ).but(as_of=datetime.fromisoformat("2023-02-09T08:00:00-08:00")),
    "results of the day after, for a call before": whole_run().but(
        as_of=datetime.fromisoformat("2023-02-05T08:00:00-08:00"), taken=AFTER_THE_LOOK
    ),
}  # fmt: skip


@pytest.mark.parametrize("to", ["70%", ""])
@pytest.mark.parametrize("why", CLOSED)
def test_a_look_opens_by_what_was_seen_and_by_nothing_else(why: str, to: str) -> None:
    world = CLOSED[why].but(to=to)
    one, other = compared(world, world.mapped(bent))
    assert one == other
    decision = world.decide()
    assert all(each.withheld for each in decision.readings if each.check in ("precision", "primary-outcome"))
    if to:
        assert decision.verdict != "proceed"
        assert of(decision, "primary-outcome").withheld


@pytest.mark.parametrize(
    ("why", "kind", "words"),
    [
        ("a later call", "repair", "the results were taken 2023-01-28 08:00, before the look of 2023-02-06"),
        (
            "a stamp later than the rows",
            "repair",
            "add_to_cart_rate of control lacks 9 days, the first 2023-01-28",
        ),
        ("a day without a row in one variant", "repair", "of buy_now lacks 1 day, the first 2023-02-01"),
        (
            "outcomes that are not counted to their end",
            "repair",
            "units exposed on 2023-02-04 are not counted",
        ),
        (
            "results of the day after, for a call before",
            "wait",
            "withheld until 2023-02-06, the planned look",
        ),
    ],
)
def test_what_keeps_a_look_closed_is_named(why: str, kind: str, words: str) -> None:
    reading = of(CLOSED[why].decide(), "primary-outcome")
    assert reading.kind == kind
    assert words in reading.message
    assert bool(reading.next) == (kind == "repair")


def test_days_that_are_filled_in_are_named() -> None:
    reading = of(CLOSED["days to come that are filled in"].decide(), "primary-outcome")
    assert "they count nobody for add_to_cart_rate on its last 9 days, from 2023-01-28 on" in reading.message


def test_a_weekend_without_anybody_new_is_no_gap() -> None:
    assert open_look(filled_in(whole_run(), date(2023, 2, 4)).readout()) == 0


def test_units_that_come_back_say_that_a_quiet_end_was_seen() -> None:
    world = filled_in(whole_run(), date(2023, 2, 1), lambda row: row.window == "cohort")
    assert open_look(world.readout()) == 0


def test_a_look_opens_with_its_first_instant() -> None:
    world = whole_run().but(taken=datetime.fromisoformat("2023-02-06T08:00:00+00:00"))
    assert of(world.decide(), "primary-outcome").state == "pass"


@pytest.mark.parametrize("look", [0, 1])
def test_every_look_of_a_sequential_plan_opens_by_what_was_seen(look: int) -> None:
    """Called a day after a look with rows that lack its last day, the look before is what is read, or nothing."""
    last, called = [(date(2023, 2, 4), "2023-02-07"), (date(2023, 2, 18), "2023-02-21")][look]
    early = sequential(0.14, f"{called}T08:00:00-08:00", last, LOOKS)
    readout = early.readout()
    assert due_look(readout) == look
    assert open_look(readout) == (None if look == 0 else 0)

    def bent_after_the_first_look(row: Row) -> Row:
        is_judged = row.date is not None and row.date < date(2023, 2, 6) and look == 1
        return row if is_judged else bent(row)

    one, other = compared(early, early.mapped(bent_after_the_first_look))
    assert one == other


def test_in_the_ramp_the_rows_of_the_test_are_not_asked_for_again() -> None:
    readout = stage_world().readout()
    assert open_look(readout) == 0
    assert withheld_metrics(readout) == frozenset()
