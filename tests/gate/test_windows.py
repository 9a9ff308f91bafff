"""Days and weeks of which no comparison can be had are told, not skipped: nothing is not "no harm"."""

from __future__ import annotations

from datetime import date

import pytest

from egp.gate.comparisons import Uncomputed, comparisons_by_window
from egp.gate.estimates import Comparison
from egp.plan.results import About, Row, RowRefusal
from egp.stats.values import replace

from .worlds import TREATMENT, World, readout_world

FIRST, SECOND = date(2023, 1, 23), date(2023, 1, 30)


def weeks_of_refunds(world: World) -> list[tuple[date, Comparison | Uncomputed]]:
    readout = world.readout()
    metric = next(metric for metric in readout.plan.guardrail_metrics if metric.id == "refund_rate")
    return [(first, seen) for _, first, seen in comparisons_by_window(readout, metric, "week", TREATMENT)]


def is_second_week_of_refunds(row: Row) -> bool:
    return (row.window, row.metric, row.date) == ("week", "refund_rate", SECOND)


def test_every_week_of_a_sound_test_is_a_comparison() -> None:
    assert [(first, type(seen)) for first, seen in weeks_of_refunds(readout_world())] == [
        (FIRST, Comparison),
        (SECOND, Comparison),
    ]


def test_a_week_without_the_rows_of_one_variant_says_whose() -> None:
    world = readout_world().without(lambda row: is_second_week_of_refunds(row) and row.variant == TREATMENT)
    _, (first, seen) = weeks_of_refunds(world)
    assert (first, seen) == (
        SECOND,
        Uncomputed("there is no week row of refund_rate for buy_now", "add it"),
    )


def test_a_week_whose_row_was_refused_says_why() -> None:
    about = (About("test", "week", SECOND, TREATMENT, "refund_rate"),)
    refusal = RowRefusal("r.csv", 9, 8, "sum", "nan is not a finite number", "write plain digits", about)
    world = readout_world().without(is_second_week_of_refunds).but(more={"problems": (refusal,)})
    _, (first, seen) = weeks_of_refunds(world)
    assert first == SECOND
    assert seen == Uncomputed("r.csv:9, row 8, column sum: nan is not a finite number", "write plain digits")


def test_a_week_in_which_nobody_did_anything_cannot_be_computed() -> None:
    def silenced(row: Row) -> Row:
        return replace(row, sum=0.0) if is_second_week_of_refunds(row) else row

    _, (_, seen) = weeks_of_refunds(readout_world().mapped(silenced))
    assert isinstance(seen, Uncomputed)
    assert seen.message.startswith("refund_rate could not be computed: ")


@pytest.mark.parametrize(
    ("window", "rule", "metric"), [("week", "contacts", "cs_contacts"), ("day", "slow", "p95_page_load")]
)
def test_a_stop_rule_whose_windows_are_over_and_have_no_row_is_not_checked(
    window: str, rule: str, metric: str
) -> None:
    """Two weeks are over: that no window was seen says nothing of what happened in it."""
    world = readout_world().without(lambda row: (row.window, row.metric) == (window, metric))
    (reading,) = [
        each
        for each in world.decide().readings
        if each.check == "stop-rule" and f"stop rule {rule} " in each.message
    ]
    assert (reading.state, reading.kind) == ("not_checked", "repair")
    assert f"there is no {window} row of both variants" in reading.message
