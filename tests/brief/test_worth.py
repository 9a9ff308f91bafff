"""The arithmetic of a launch: what an event is worth, what waiting costs, what is left without a segment."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.plan.analysis.economics import Worth, wait
from egp.plan.experiment import Delay, Economics
from egp.plan.finding import NotChecked
from egp.plan.typed_reader import ValueProblem, read

SCENARIOS = [
    {"name": "base", "probability": "70%", "p_success": 0.40},
    {"name": "new users", "probability": "30%", "p_success": 0.34, "segment": "new_users"},
]
AMOUNTS = {
    "gain_per_success": "0.52 USD",
    "cost_per_error": "0.07 USD",
    "cost_per_unit": "0.00003 USD",
    "floor": "0.08 USD",
    "without_launch": "0.154 USD",
}


def economics(**changed: object) -> Economics:
    problems: list[ValueProblem] = []
    found = read(Economics, {"scenarios": SCENARIOS, **AMOUNTS, **changed}, (), problems)
    assert not problems
    return found


def usd(thousandths: int) -> str:
    return f"{thousandths / 1000:.3f} USD"


amounts = st.integers(0, 5_000)
rates = st.integers(0, 999).map(lambda each: each / 1_000)


@given(rates, amounts, amounts, amounts)
def test_value_of_an_event(p: float, gain: int, error: int, unit: int) -> None:
    worth = Worth(economics(gain_per_success=usd(gain), cost_per_error=usd(error), cost_per_unit=usd(unit)))
    g, c, k = gain / 1000, error / 1000, unit / 1000
    assert worth.net(p) == pytest.approx(p * g - (1 - p) * c - k, abs=1e-12)
    assert worth.gross(p) == pytest.approx(p * g - (1 - p) * c, abs=1e-12)


@given(st.integers(0, 1_000), rates, rates)
def test_all_scenarios_together(tenths: int, first: float, second: float) -> None:
    shares = tenths / 10, 100 - tenths / 10
    scenarios = [
        {"probability": f"{share:.1f}%", "p_success": p}
        for share, p in zip(shares, (first, second), strict=True)
    ]
    worth = Worth(economics(scenarios=scenarios))
    nets = worth.nets()
    expected = sum(share / 100 * net for share, net in zip(shares, nets, strict=True))
    assert worth.expected() == pytest.approx(expected, abs=1e-12)
    assert min(nets) - 1e-12 <= worth.expected() <= max(nets) + 1e-12
    assert worth.gain() == pytest.approx(expected - 0.154, abs=1e-12)
    assert worth.gain_without({1}) == pytest.approx(shares[0] / 100 * (nets[0] - 0.154), abs=1e-12)
    assert worth.gain_repaired() == pytest.approx(max(nets) - 0.154, abs=1e-12)


def test_the_numbers_of_the_ranking_model() -> None:
    worth = Worth(economics())
    assert [round(each, 5) for each in worth.nets()] == [0.16597, 0.13057]
    assert worth.expected() == pytest.approx(0.15535)
    least = worth.least_p_success()
    assert least is not None
    assert worth.net(least) == pytest.approx(0.08)


def test_waiting_forgoes_what_gains_and_saves_what_loses() -> None:
    waiting = wait(Worth(economics()), read(Delay, {"weeks": 1.5, "units_per_week": "3.2M"}))
    assert waiting.forgone == pytest.approx(0.7 * (0.16597 - 0.154) * 4_800_000)
    assert waiting.saved == pytest.approx(0.3 * (0.154 - 0.13057) * 4_800_000)
    assert waiting.cost == pytest.approx((0.15535 - 0.154) * 4_800_000)
    assert waiting.pays_back_after == pytest.approx(waiting.cost / ((0.16597 - 0.15535) * 3_200_000))


def test_what_today_earns_may_differ_by_scenario() -> None:
    """Events simulated one by one: each is of a scenario, succeeds or not, and is compared with what it earns today."""
    scenarios = [
        {**SCENARIOS[0], "without_launch": "0.159 USD"},
        {**SCENARIOS[1], "without_launch": "0.142 USD"},
    ]
    worth = Worth(economics(scenarios=scenarios))
    rng, events = random.Random(7), 200_000
    total = 0.0
    for _ in range(events):
        p, today = (0.40, 0.159) if rng.random() < 0.7 else (0.34, 0.142)
        total += (0.52 if rng.random() < p else -0.07) - 0.00003 - today
    assert total / events == pytest.approx(worth.gain(), abs=4 * 0.29 / math.sqrt(events))


def test_a_delay_that_cannot_be_won_back() -> None:
    worth = Worth(economics(scenarios=[{"probability": "100%", "p_success": 0.4}]))
    assert wait(worth, read(Delay, {"weeks": 1, "units_per_week": 1000})).pays_back_after is None


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"gain_per_success": None}, ("gain_per_success",)),
        ({"floor": None}, ("floor",)),
        ({"cost_per_error": "0.07 EUR"}, ("cost_per_error",)),
        ({"scenarios": [{"probability": "90%", "p_success": 0.4}]}, ("scenarios",)),
        ({"scenarios": [{"probability": "100%"}]}, ("scenarios", 0, "p_success")),
    ],
)
def test_what_is_missing_is_named(changed: dict[str, object], missing: tuple[object, ...]) -> None:
    with pytest.raises(NotChecked) as lacking:
        Worth(economics(**changed)).expected()
    assert lacking.value.path == ("economics", *missing)


def test_a_negative_cost_raises_no_value() -> None:
    free = Worth(economics(cost_per_unit="0 USD"))
    assert math.isclose(Worth(economics(cost_per_unit="-1 USD")).net(0.4), free.net(0.4))
