"""The one-pagers: their numbers are those of egp.stats, and the planned design's."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import pytest

from egp import stats
from egp.advice.options.case import CaseError
from egp.output.page import text
from egp.output.page.model import Page
from egp.output.report.text import Style
from egp.pages.memo.alternatives import if_export, if_segment, if_shortened, shortened_to
from egp.pages.memo.stopped import if_stopped
from egp.plan.analysis.by_day import day_at, effect_error, units_after, weekdays_seen
from egp.plan.analysis.registered import power_at, primary_effect
from egp.plan.finding import NotChecked
from egp.plan.wording import percent, power_text
from tests.memo.cases import HARMLESS_CHANGE, case_of, changed_case

DAY_FIVE = "rejected/ship-on-day-five.yaml"
ACCEPTED = "experiments/pdp-buy-now.yaml"


def told(page: Page) -> str:
    return " ".join(text.render(page, Style(2000)).split())


def test_the_standard_error_is_the_tests_own() -> None:
    """Two tests of one effect, by the planner and by the standard error, have the same power."""
    case = case_of(ACCEPTED)
    for units in (20_000.0, 60_000.0, 140_000.0):
        by_error = stats.type_m(primary_effect(case.plan), effect_error(case.plan, units)).power
        assert by_error == pytest.approx(power_at(case.plan, primary_effect(case.plan), units), abs=0.005)


def test_an_accepted_plan_has_its_one_pager_with_a_way_to_go() -> None:
    page = told(if_stopped(case_of(ACCEPTED), date(2023, 1, 27)))
    assert (
        "go on 6 February 10 days more raised to 70 % if the result and the guardrails allow it follows the policy"
        in page
    )
    assert "pdp-buy-now is accepted" in page


def test_a_target_below_the_mde_is_exaggerated_more() -> None:
    case = case_of(ACCEPTED)
    day = day_at(case.plan, 5)
    page = told(if_stopped(case, date(2023, 1, 27)))
    hoped = stats.type_m(0.0030, effect_error(case.plan, day.units)).exaggeration
    assert hoped > day.exaggeration
    assert f"a win of the target, 30 bps, looks {hoped:.2f} times its size" in page


@pytest.mark.parametrize("day", [date(2023, 1, 22), date(2024, 1, 1)])
def test_a_day_outside_of_the_run_is_refused(day: date) -> None:
    with pytest.raises(CaseError, match="not a day of this run"):
        if_stopped(case_of(DAY_FIVE), day)


def test_days_of_a_pause_do_not_count() -> None:
    page = told(if_stopped(case_of("rejected/paused-in-between.yaml"), date(2023, 1, 29)))
    assert "day 6" in page


def test_units_grow_more_slowly_than_days() -> None:
    plan = case_of(ACCEPTED).plan
    assert units_after(plan, 14) == 340_000
    assert units_after(plan, 1) == pytest.approx(41_000)
    assert 170_000 < units_after(plan, 7) < 7 * 41_000
    assert 340_000 < units_after(plan, 28) < 680_000
    sessions = changed_case("rejected/sessions-for-users.yaml", {"distinct_over_run: 340_000, ": ""}).plan
    assert units_after(sessions, 28) == 28 * 41_000


def test_seven_days_see_every_weekday_once() -> None:
    case = case_of(ACCEPTED)
    page = if_shortened(case, shortened_to(case, 7))
    assert "minimum-runtime" in told(page)
    assert "the plan runs 7 days at full exposure; the policy requires 14" in page.verdict
    assert "every weekday is seen only once" in told(page)
    units = units_after(case.plan, 7) * 0.9 * 0.5
    assert power_text(power_at(case.plan, 0.0045, units)) in told(page)


def test_weekdays_in_words() -> None:
    assert weekdays_seen((1, 1, 1, 1, 1, 0, 0)).startswith("Saturday and Sunday are not seen at all")
    assert weekdays_seen((2,) * 7) == "every weekday is seen at least twice"


@pytest.mark.parametrize(("count", "wins"), [(1, "2.5 %"), (5, "11.9 %"), (14, "29.8 %")])
def test_the_best_of_many_segments_is_lucky(count: int, wins: str) -> None:
    assert percent(1 - 0.975**count, 1) == wins
    assert wins in if_segment(case_of(ACCEPTED), [], count).verdict


def test_named_segments_are_compared_with_the_plan() -> None:
    page = told(if_segment(case_of("rejected/cherry-picked-segments.yaml"), ["ios", "tablet"], 2))
    assert "(ios and tablet)" in page
    assert "declared in the plan ios" in page


def test_aggregates_lose_nothing() -> None:
    page = if_export(case_of("rejected/user-level-export.yaml"))
    assert "without losing any precision" in page.verdict
    assert (
        "114 rows" in page.verdict
    )  # 4 metrics that add up, 2 variants, 14 days; a quantile for each variant
    assert "306,000" in told(page)
    assert "user_level_export" in told(page)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"end: 2023-01-27": "end: 9999-12-31"}, "longer than a year"),
        ({"end: 2023-01-27": "end: 2023-01-22"}, "no unit has been exposed"),
        ({"pauses: []": "pauses: [2023-01-23/9999-12-31]"}, "no unit has been exposed"),
    ],
)
def test_a_run_that_is_none_is_refused(change: dict[str, str], problem: str) -> None:
    with pytest.raises((CaseError, NotChecked)) as refused:
        if_stopped(changed_case(DAY_FIVE, change), date(2023, 1, 27))
    assert problem in str(getattr(refused.value, "reason", "")) + str(refused.value)


def test_a_run_of_the_planned_length_is_not_shortened() -> None:
    case = case_of(ACCEPTED)
    with pytest.raises(CaseError, match="14 days are no shorter than the 14 days of the plan"):
        if_shortened(case, shortened_to(case, 14))


def test_a_registered_plan_is_shortened_by_an_amendment() -> None:
    page = told(if_shortened(case_of(ACCEPTED), shortened_to(case_of(ACCEPTED), 7)))
    assert "The plan is registered: to shorten it is a change that takes egp amend." in page
    assert "locked-plan" not in page


def test_no_segment_wins_in_a_plan_that_rules_out_harm() -> None:
    case = changed_case("experiments/pdp-buy-now.yaml", HARMLESS_CHANGE)
    with pytest.raises(CaseError, match="a non-inferiority plan has none to show"):
        if_segment(case, [], 2)


def test_segments_are_taken_not_to_overlap() -> None:
    page = told(if_segment(case_of(ACCEPTED), [], 5))
    assert "the segments share no units; where they overlap, it is somewhat less" in page


def test_no_chance_is_rounded_up_to_certainty() -> None:
    assert "more than 99.99 % of the time" in if_segment(case_of(ACCEPTED), [], 1000).verdict


class TestSeveralLooks:
    """A design that is made for several looks is told by its own boundaries."""

    ALWAYS_VALID: ClassVar = {
        "  method: fixed_horizon": "  method: always_valid\n  guardrail_spending: pocock",
        "looks: [2023-02-06]": "looks: [2023-01-28, 2023-02-01, 2023-02-06]",
    }  # fmt: skip
    GROUP_SEQUENTIAL: ClassVar = {
        **ALWAYS_VALID,
        "  method: fixed_horizon": "  method: group_sequential\n  spending: obrien_fleming\n  guardrail_spending: pocock",
    }

    def test_an_always_valid_test_keeps_its_error_on_any_day(self) -> None:
        page = told(if_stopped(changed_case(ACCEPTED, self.ALWAYS_VALID), date(2023, 1, 27)))
        assert "14.2 %" not in page
        assert "keeps the 5 % error rate of the plan" in page

    def test_a_group_sequential_one_spends_by_its_function(self) -> None:
        page = told(if_stopped(changed_case(ACCEPTED, self.GROUP_SEQUENTIAL), date(2023, 1, 27)))
        spent = 2 * stats.spent_alpha("obrien_fleming", 0.025, 5 / 14)
        assert f"have crossed by then {percent(spent, 2)}" in page
        assert "keeps the 5 % error rate of the plan" in page

    def test_between_its_looks_it_stops_on_nothing(self) -> None:
        page = told(if_stopped(changed_case(ACCEPTED, self.GROUP_SEQUENTIAL), date(2023, 1, 28)))
        assert "is no stop of this plan" in page
        assert "the next of which is on 2023-02-01" in page


def test_any_of_several_arms_counts() -> None:
    arms = {
        "  - {id: control, weight: 50%, control: true}": "  - {id: control, weight: 20%, control: true}",
        "  - {id: buy_now, weight: 50%}": "\n".join(f"  - {{id: {name}, weight: 20%}}" for name in ("buy_now", "b", "c", "d")),
        "correction: none": "correction: bonferroni",
    }  # fmt: skip
    page = told(if_stopped(changed_case(ACCEPTED, arms), date(2023, 1, 27)))
    one = stats.repeated_looks_type1(0.05 / 4, 5) / 2
    assert f"up to {percent(1 - (1 - one) ** 4, 1)}, looking daily" in page
    assert "These are bounds" in page
