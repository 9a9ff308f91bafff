"""Each amount of money has one function: here they are computed otherwise, person by person or by hand."""

from __future__ import annotations

import random

import pytest

from egp.plan.analysis.money import (
    Amount,
    Unpriced,
    called_by_people,
    people,
    price_of,
    treated_at_the_end,
    worth_of_change,
    worth_of_effect,
)
from egp.plan.catalogue import MetricCatalogue, MetricDefinition
from egp.plan.experiment import Metric
from egp.plan.typed_reader import ValueProblem, read
from egp.plan.wording import money
from tests.gate.worlds import plan_of


def metric(**said: object) -> Metric:
    problems: list[ValueProblem] = []
    found = read(Metric, {"id": "refunds", "kind": "proportion", "baseline": "3.1%", **said}, (), problems)
    assert not problems
    return found


def catalogue(**said: object) -> MetricCatalogue:
    return MetricCatalogue(
        metrics={"refunds": read(MetricDefinition, {"kind": "proportion", "direction": "decrease", **said})}
    )


def test_people_that_a_launch_reaches() -> None:
    """340,000 in 14 days; the last stage treats 90 % of them."""
    plan = plan_of()
    assert treated_at_the_end(plan) == 0.9
    assert people(plan, 7, 0.9) == pytest.approx(340_000 / 2 * 0.9)
    assert people(plan, 28, 1.0) == pytest.approx(680_000), (
        "who comes back in the next fortnight counts again"
    )


def test_the_worth_of_an_effect_is_what_so_many_more_units_bring() -> None:
    """Everybody once with and once without the change, by the same draws: the difference is the effect alone."""
    rng, reached, price = random.Random(3), 100_000, price_of(metric(worth="9 USD"), None)
    more = 0
    for _ in range(reached):
        drawn = rng.random()
        more += (drawn < 0.033) - (drawn < 0.031)
    amount = worth_of_effect(price, reached, 0.002, 0.002, 0.002)
    assert amount.middle == 1800
    assert more * 9 == pytest.approx(amount.middle, abs=4 * 9 * (reached * 0.002) ** 0.5)


def test_a_change_is_relative_to_the_baseline_or_in_points() -> None:
    price = price_of(metric(worth="9 USD"), None)
    of_margin = metric(worth="9 USD", non_inferiority_margin="8%")
    margin = of_margin.non_inferiority_margin
    assert margin is not None
    assert worth_of_change(
        price, 153_000, margin, of_margin, ("guardrail_metrics", 0)
    ).middle == pytest.approx(0.08 * 0.031 * 153_000 * 9)
    mde = metric(mde="45bps").mde
    assert mde is not None
    assert worth_of_change(price, 1000, mde, of_margin, ("primary_metric",)).middle == pytest.approx(
        0.0045 * 1000 * 9
    )


def test_the_plan_speaks_before_the_catalogue() -> None:
    assert price_of(metric(worth="9 USD"), catalogue(worth="7 USD")).value == 9
    assert price_of(metric(), catalogue(worth="7 USD")).value == 7
    assert called_by_people(metric(label="Refunds"), catalogue(label="Returns")) == "Refunds"
    assert called_by_people(metric(), catalogue(label="Returns")) == "Returns"
    assert called_by_people(metric(), None) == "refunds"


@pytest.mark.parametrize(
    ("said", "known", "line"),
    [
        ({}, None, "`worth:` of refunds"),
        ({}, {}, "`metrics.refunds.worth` of the catalogue"),
        ({"worth": "0 USD"}, None, "`worth:` of refunds"),
        ({"kind": "quantile"}, None, "a quantile has no units"),
    ],
)
def test_without_a_price_the_line_that_would_say_it_is_named(
    said: dict[str, object], known: dict[str, object] | None, line: str
) -> None:
    with pytest.raises(Unpriced, match=line):
        price_of(metric(**said), catalogue(**known) if known is not None else None)


def test_an_amount_and_its_range() -> None:
    assert str(Amount(3_900, 7_700, 11_600, "USD")) == "$7.7k (from $3.9k to $12k)"
    assert str(-Amount(3_900, 7_700, 11_600, "USD")) == "-$7.7k (from -$12k to -$3.9k)"
    assert str(Amount(-840.7, -226.4, 389.2, "USD")) == "-$230 (from -$840 to $390)"
    assert str(Amount(-36_000, 366, 36_700, "USD")) == "about $0 (from -$36k to $37k)", (
        "nobody knows a middle near zero to the dollar"
    )
    assert str(Amount(-1_000, -2, 1_000, "CHF")) == "about 0 CHF (from -1k CHF to 1k CHF)"
    assert str(Amount(0, 0, 10, "USD")) == "about $0 (from $0 to $10)"
    assert str(Amount(5, 5, 5, "CHF")) == "5 CHF"
    assert str(Amount(0, 0, 0, "USD")) == "$0", "which is exact"


@pytest.mark.parametrize(
    ("value", "currency", "words"),
    [
        (745_680, "USD", "$746k"), (1_234_567, "EUR", "€1.23M"), (0.15535, "USD", "$0.155"), (-7_700, "GBP", "-£7.7k"),
        (12_300, "CHF", "12.3k CHF"), (999_999, "USD", "$1M"), (1.1, "USD", "$1.10"), (0, "USD", "$0"), (0.00003, "USD", "$0.00003"),
        (2.5e9, "USD", "$2.5B"), (9, "USD", "$9"),
    ],
)  # fmt: skip
def test_money_on_pages(value: float, currency: str, words: str) -> None:
    assert money(value, currency) == words
