"""What was agreed before any result, with the numbers recomputed from the text of the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from egp.pages.brief.agreed import limit_lines, margin_lines, rollback_line
from tests.brief.asking import BUY_NOW, RANKING, ask, points, section
from tests.gate.worlds import plan_of

DAY = {RANKING: "2023-08-30", BUY_NOW: "2023-01-18"}


def written(value: Any) -> float:
    return float(str(value).removesuffix("%").removesuffix("ms").removesuffix("pp").removesuffix(" USD"))


def distance(today: Any, bound: Any) -> str:
    """Of a rate in points, else in per cent of today's value."""
    away = abs(written(bound) - written(today))
    return f"{away:.3g} pp" if str(today).endswith("%") else f"{100 * away / written(today):.3g} %"


@pytest.mark.parametrize("plan", [RANKING, BUY_NOW])
def test_every_limit_is_among_what_was_agreed_with_its_distance_from_today(
    repository: Path, plan: str
) -> None:
    stated = yaml.safe_load((repository / plan).read_text())
    said = points(section(ask(repository, plan, as_of=DAY[plan]).page, "What was agreed"))
    limited = [each for each in stated["guardrail_metrics"] if "limit" in each]
    lines = [line for line in said if line.startswith("Limit: ")]
    assert len(lines) == len(limited) > 0
    for metric, line in zip(limited, lines, strict=True):
        ((side, bound),) = metric["limit"].items()
        does = "rolls back" if metric["action"] == "rollback" else "holds the ramp"
        assert line.startswith(f"Limit: {metric['id']} {does} {'above' if side == 'max' else 'below'} ")
        assert f" by {distance(metric['baseline'], bound)}" in line


def test_a_limit_that_today_s_version_breaks_is_held_against_what_the_scenarios_assume(
    repository: Path,
) -> None:
    plan = yaml.safe_load((repository / RANKING).read_text())
    assumed = {each["name"]: each["p_success"] for each in plan["economics"]["scenarios"]}
    assert all(each < 0.42 for each in assumed.values())
    (line,) = [
        each
        for each in points(section(ask(repository, RANKING, as_of=DAY[RANKING]).page, "What was agreed"))
        if "precision_at_10 holds" in each
    ]
    assert line == (
        "Limit: precision_at_10 holds the ramp below 0.42; today's version is at 0.38, so that the new one has to be better by "
        "10.5 %. The scenarios assume a success in 0.4 (base) and 0.34 (new users) of all impressions: if success is what "
        "precision_at_10 counts, the limit holds the ramp in each scenario."
    )


def limits(**changes: Any) -> list[str]:
    return list(limit_lines(plan_of(guardrail_metrics={2: changes})))


def test_a_limit_without_a_value_of_today_has_no_distance() -> None:
    assert limits(baseline=None)[0] == "Limit: p95_page_load rolls back above 2100ms."
    assert limits(baseline="2100ms")[0].endswith("above 2100ms, where today's version is.")
    assert limits(limit=None) == []


def test_margins_say_where_harm_beyond_them_leads() -> None:
    (said,) = margin_lines(plan_of())
    assert (
        "refund_rate 8%, cs_contacts 7% and p95_page_load 4%. Harm shown to be larger rolls back, but of cs_contacts it"
        in said
    )
    (every,) = margin_lines(plan_of(guardrail_metrics={at: {"action": "hold"} for at in range(3)}))
    assert every.endswith("Harm shown to be larger ends the experiment without a launch.")
    (none,) = margin_lines(plan_of(guardrail_metrics={at: {"action": "rollback"} for at in range(3)}))
    assert none.endswith("Harm shown to be larger rolls back.")


def test_who_rolls_back_and_how_is_agreed() -> None:
    assert list(rollback_line(plan_of())) == [
        "A rollback goes back to control within 15 minutes, by feature_flag, by @pdp-oncall; nobody is consulted first."
    ]
    assert list(rollback_line(plan_of(rollback=None))) == []
