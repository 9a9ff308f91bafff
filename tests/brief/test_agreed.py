"""What was agreed before any result, with the numbers recomputed from the text of the plan."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from egp.pages.brief.agreed import limit_lines, margin_lines, rollback_line
from egp.plan.analysis.alarm_levels import LEVELS
from tests.brief.asking import BUY_NOW, RANKING, ask, points, section
from tests.gate.worlds import plan_of

DAY = {RANKING: "2023-08-30", BUY_NOW: "2023-01-18"}


def written(value: Any) -> float:
    return float(str(value).removesuffix("%").removesuffix("ms").removesuffix("pp").removesuffix(" USD"))


def distance(today: Any, bound: Any) -> str:
    """Of a rate in points, else in per cent of today's value."""
    away = abs(written(bound) - written(today))
    return f"{away:.3g} pp" if str(today).endswith("%") else f"{100 * away / written(today):.3g} %"


def is_kept(metric: Any, side: str, bound: Any) -> bool:
    """Whether today's version is on the good side of the bound."""
    spare = written(bound) - written(metric["baseline"])
    return spare >= 0 if side == "max" else spare <= 0


@pytest.mark.parametrize("plan", [RANKING, BUY_NOW])
def test_every_limit_is_among_what_was_agreed_with_its_distance_from_today(
    repository: Path, plan: str
) -> None:
    stated = yaml.safe_load((repository / plan).read_text())
    said = " ".join(points(section(ask(repository, plan, as_of=DAY[plan]).page, "What was agreed")))
    limited = [each for each in stated["guardrail_metrics"] if "limit" in each]
    back, held = (
        said.partition(
            f"A limit {does} once it is passed by more than noise (one-sided p below 5 %), whatever control shows: "
        )[2].partition(" A ")[0]
        for does in ("rolls back", "holds the ramp")
    )
    assert limited
    for metric in limited:
        ((side, bound),) = metric["limit"].items()
        told = back if metric["action"] == "rollback" else held
        (words,) = re.findall(rf"{metric['id']} (above|below) [^(]*\([^:]* assumed today: ([^)]*)\)", told)
        assert words[0] == ("above" if side == "max" else "below")
        away = distance(metric["baseline"], bound)
        moves = f"must {'fall' if side == 'max' else 'rise'} by {away}"
        assert words[1] == (f"{away} to spare" if is_kept(metric, side, bound) else moves)


def test_a_limit_that_today_s_version_breaks_says_which_way_it_has_to_go(repository: Path) -> None:
    said = points(section(ask(repository, RANKING, as_of=DAY[RANKING]).page, "What was agreed"))
    assert any(
        f"precision_at_10 below 0.39 (0.38 assumed today: must rise by {100 * 0.01 / 0.38:.3g} %)" in each
        for each in said
    )


def limits(**changes: Any) -> list[str]:
    return list(limit_lines(plan_of(guardrail_metrics={2: changes}), LEVELS))


def test_a_limit_without_a_value_of_today_has_no_distance() -> None:
    begins = "A limit rolls back once it is passed by more than noise (one-sided p below 5 %), whatever control shows: p95_page_load above "
    assert limits(baseline=None) == [f"{begins}2100ms."]
    assert limits(baseline="2100ms") == [f"{begins}2100ms (2100ms assumed today: 0 % to spare)."]
    assert limits(baseline="2310ms") == [f"{begins}2100ms (2310ms assumed today: must fall by 9.09 %)."]
    assert limits(limit=None) == []


def test_margins_say_where_harm_beyond_them_leads() -> None:
    (said,) = margin_lines(plan_of())
    assert (
        "refund_rate 8%, cs_contacts 7% and p95_page_load 4%. Where it shows more harm of refund_rate or p95_page_load, it rolls "
        "back; more of cs_contacts, the experiment ends without a launch." in said
    )
    (every,) = margin_lines(plan_of(guardrail_metrics={at: {"action": "hold"} for at in range(3)}))
    assert every.endswith("Where it shows more, the experiment ends without a launch.")
    (none,) = margin_lines(plan_of(guardrail_metrics={at: {"action": "rollback"} for at in range(3)}))
    assert none.endswith("Where it shows more, it rolls back.")


def test_who_rolls_back_and_how_is_agreed() -> None:
    assert list(rollback_line(plan_of())) == [
        "A rollback goes back to control within 15 minutes, by feature_flag, by @pdp-oncall; nobody is consulted first."
    ]
    assert list(rollback_line(plan_of(rollback=None))) == []
