"""In the long run the gate errs as often as it promises. The whole run is in ``docs/statistics.md``."""

from __future__ import annotations

import re

import pytest
from scipy.stats import multivariate_normal, norm

from egp.analysis.false_alarms import days_alarm
from egp.analysis.stop_rules import weekly_level
from egp.wording import percent

from .simulations import BLOCK, PAGE, SEED, SHORT, predicted_false_alarms, promises
from .worlds import plan_of


@pytest.mark.parametrize("at", range(len(promises())))
def test_promises_are_kept(at: int) -> None:
    promise = promises()[at]
    number = SHORT[promise.size]
    assert promise.is_kept(promise.share(number, SEED - 1 - at), number)


def test_the_page_says_what_hair_trigger_computes() -> None:
    chances = predicted_false_alarms(plan_of())
    posterior, days, weekly, together = (percent(chance, 1) for chance in (*chances, sum(chances)))
    page = PAGE.read_text(encoding="utf-8")
    assert f"{posterior} for the posterior on refunds, {days} for two slow days, {weekly} for all" in page
    assert f"together at most {together}." in page


def test_the_page_says_what_returning_units_make_of_it() -> None:
    """Of days and weeks that resemble their neighbours two in a row are bad more often."""
    plan = plan_of()
    a_day, a_week = days_alarm(plan, 2, 2, "exact").of_a_day, weekly_level(plan, 2)
    posterior, days, weeks = predicted_false_alarms(plan)
    chances = []
    for correlation in (0.1, 0.2):
        law = multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
        more = [law.cdf([norm.ppf(level)] * 2) / level**2 for level in (a_day, a_week)]
        chances.append(posterior + days * more[0] + weeks * more[1])
    told = " and ".join(percent(chance, 1) for chance in chances)
    assert f"would be {told}." in PAGE.read_text(encoding="utf-8")


def test_the_page_has_a_row_for_every_promise() -> None:
    block = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert block is not None
    rows = re.findall(r"^\| (.+?) \| (?:at most )?([0-9.]+) % \| ([0-9.]+) %", block[0], re.MULTILINE)
    assert [asks for asks, _, _ in rows] == [promise.asks for promise in promises()]
    assert [float(promised) for _, promised, _ in rows] == [
        round(promise.promised * 100, 1) for promise in promises()
    ]
