"""What the experiments take and risk together, and how far each has come."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.plan.analysis.expected_false_wins import expected_false_wins, worst_period

from .asking import ask, replaced, standing

PDP, RANKING = "pdp-buy-now", "ranking-model"


def told(repository: Path, as_of: str, *arguments: str) -> Any:
    return ask(repository, as_of, "--format", "json", *arguments).json


def test_progress_counts_days_that_are_over_and_units_of_the_smallest_variant(repository: Path) -> None:
    early = standing(repository, PDP, "2023-01-28")
    assert early["days"] == {"done": 5, "of": 14}
    assert early["units"] == {"done": 75_871, "of": 147_000}
    later = standing(repository, PDP, "2023-02-16")
    assert later["days"] == {"done": 14, "of": 14}
    assert later["stage"] == "90%"


def test_pauses_are_no_progress(repository: Path) -> None:
    replaced(repository / "experiments/pdp-buy-now.yaml", "pauses: []", "pauses: [2023-01-25/2023-01-26]")
    assert standing(repository, PDP, "2023-01-28")["days"] == {"done": 3, "of": 12}


@pytest.mark.parametrize(
    ("as_of", "decision"),
    [
        ("2023-01-22", {"what": "start", "on": "2023-01-23"}),
        ("2023-01-28", {"what": "enter 70%", "on": "2023-02-07"}),
        ("2023-02-09", {"what": "enter 90%", "on": "2023-02-09"}),
        ("2023-02-16", {"what": "end of the holdout", "on": "2023-05-10"}),
        ("2023-02-28", {"what": "roll back", "on": "2023-02-28"}),
    ],
)
def test_the_next_decision(repository: Path, as_of: str, decision: dict[str, str]) -> None:
    assert standing(repository, PDP, as_of)["next_decision"] == decision


def test_layers_add_up_over_all_plans_of_the_policy(repository: Path) -> None:
    ranking = repository / "experiments/ranking-model.yaml"
    replaced(ranking, "layer: recommendations", "layer: pdp")
    replaced(
        ranking,
        "{start: 2023-09-11, end: 2023-09-24, exposure: 90%",
        "{start: 2023-01-30, end: 2023-02-12, exposure: 90%",
    )
    both = [
        {"layer": "pdp", "from": "2023-01-23", "to": "2023-01-29", "exposure": 0.9},
        {"layer": "pdp", "from": "2023-01-30", "to": "2023-02-05", "exposure": pytest.approx(1.8)},
        {"layer": "pdp", "from": "2023-02-06", "to": "2023-02-12", "exposure": pytest.approx(0.9)},
    ]
    assert told(repository, "2023-01-25")["layers"] == both
    assert told(repository, "2023-01-25", "experiments/pdp-buy-now.yaml")["layers"] == both
    assert (
        "More than all of the traffic is promised in pdp from 2023-01-30 to 2023-02-05."
        in ask(repository, "2023-01-25").out
    )


def test_what_ended_long_ago_takes_no_traffic(repository: Path) -> None:
    assert {each["layer"] for each in told(repository, "2023-02-16")["layers"]} == {"recommendations"}
    assert told(repository, "2023-12-31")["layers"] == []


def test_false_wins_are_those_of_the_rule(repository: Path) -> None:
    wins = told(repository, "2023-02-16")["false_wins"]
    assert wins == {
        "expected": 0.05,
        "tests": 2,
        "from": "2023-01-23",
        "to": "2023-09-11",
        "days": 365,
        "allowed": 5.0,
    }


def test_one_test_is_it_and_two_are_they(repository: Path) -> None:
    def said() -> str:
        return " ".join(ask(repository, "2023-02-16").out.split())

    assert (
        "2 tests start between 2023-01-23 and 2023-09-11. If no change had an effect, they would still"
        in said()
    )
    (repository / "experiments/ranking-model.yaml").unlink()
    assert "1 test starts on 2023-01-23. If no change had an effect, it would still declare" in said()


def test_false_wins_beyond_the_budget_are_marked(repository: Path) -> None:
    replaced(repository / "egp.yaml", "overrides:", "rules:\n  alpha-budget: {false_wins: 0.04}\noverrides:")
    out = ask(repository, "2023-02-16").out
    assert "[yellow] 2 tests start between 2023-01-23 and 2023-09-11." in " ".join(out.split())
    assert (
        "declare 0.05 false wins (1 in 20 such portfolios has one); the policy allows 0.04 in 365 days."
        in " ".join(out.split())
    )


@given(
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from([0.0, 0.025, 0.05])), min_size=1, max_size=12),
    st.integers(1, 200),
)
def test_the_worst_period_is_the_worst_of_all(starts: list[tuple[int, float]], days: int) -> None:
    day = date(2023, 1, 1)
    tests = sorted((day + timedelta(days=start), chance) for start, chance in starts)
    every = [
        sum(chance for start, chance in tests if first <= start < first + timedelta(days=days))
        for first, _ in tests
    ]
    assert worst_period(tests, days).wins == pytest.approx(max(every))


@pytest.mark.parametrize(
    ("of_type", "alpha", "sides", "tests", "wins"),
    [
        ("superiority", 0.05, "two", 1, 0.025),
        ("superiority", 0.05, "one", 1, 0.05),
        ("superiority", 0.05, "two", 4, 0.1),
        ("non_inferiority", 0.025, "one", 1, None),
        ("rollout", 0.05, "two", 1, None),
        ("superiority", None, "two", 1, None),
    ],
)
def test_expected_false_wins(
    of_type: str, alpha: float | None, sides: str, tests: int, wins: float | None
) -> None:
    assert expected_false_wins(of_type, alpha, sides, tests) == wins


def test_waivers_that_hold_are_named_before_they_expire(repository: Path) -> None:
    granted = (
        "--approver",
        "@xp-lead",
        "--role",
        "experimentation_lead",
        "--reason",
        "agreed",
        "--ticket",
        "X-1",
    )
    file = repository / "egp.yaml"
    file.write_text(file.read_text() + "\nwaivers: {approvers: [experimentation_lead], longest: 30d}\n")
    from tests.gate.calling import call

    waived = call(
        repository, "waive", "experiments/pdp-buy-now.yaml", "target-below-mde", *granted,
        "--expires", "2023-02-10", "--as-of", "2023-01-20",
    )  # fmt: skip
    assert waived.status == 0, waived.err
    assert told(repository, "2023-01-26")["waivers"] == []
    (waiver,) = told(repository, "2023-01-27")["waivers"]
    assert (waiver["experiment"], waiver["rule"], waiver["expires"]) == (
        PDP,
        "target-below-mde",
        "2023-02-10",
    )
    assert "Waivers that are about to expire" in ask(repository, "2023-01-27").out
    assert told(repository, "2023-02-11")["waivers"] == []
