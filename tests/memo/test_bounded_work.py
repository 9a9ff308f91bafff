"""What is computed and tried for a memo is bounded, whatever a plan holds and however long it is, and the page says what was left out."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from egp.advice.options.case import LONGEST_TRIED, Case
from egp.advice.options.solver import MOST_STEPS
from egp.output.page import text
from egp.output.report.text import Style
from egp.pages.memo.page import memo
from egp.stats import looks
from tests.memo.cases import AS_OF, EXAMPLES, case_of_text, changed_case

SOUND = "experiments/pdp-buy-now.yaml"
REFUNDS = (
    "  - {id: refunds, metric: refund_rate, harm_exceeds: 5%, probability: 95%, prior: flat, evaluated: daily, "
    "min_units_per_variant: 20_000, action: rollback}\n"
)


def with_alarms(number: int) -> Case:
    """The example with so many alarms, each of which sounds far too often, and no two alike."""
    alarms = "".join(
        REFUNDS.replace("id: refunds", f"id: r{at}").replace("95%, prior", f"{60 + at / 10}%, prior")
        for at in range(number)
    )
    return changed_case(SOUND, {REFUNDS: alarms})


def told(case: Case) -> str:
    return " ".join(text.render(memo(case), Style(2000)).split())


def test_few_alarms_are_all_weighed_and_advised_on() -> None:
    case = with_alarms(2)
    assert "Not tried" not in told(case)
    assert all("set `probability" in each.help for each in case.judged.of("hair-trigger"))


def test_the_exact_chance_of_many_alarms_is_computed_of_the_first() -> None:
    found = with_alarms(40).judged.of("hair-trigger")
    assert len(found) == 40
    assert ["up to" in each.observed for each in found] == [False] * 4 + [True] * 36
    assert ["sound less often first" in each.help for each in found] == [False] * 3 + [True] * 37


@pytest.mark.parametrize("number", [1, 3, 8, 40])
def test_a_page_of_alarms_that_sound_daily_takes_few_steps_of_the_recursion(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most of the time of such a page is that of these exponentials: ten million of them take a second."""
    steps = Counter[str]()

    def counted(exponent: float) -> float:
        steps["taken"] += 1
        return math.exp(exponent)

    looks._alarm_probability.cache_clear()
    looks._most_crossing_probability.cache_clear()
    monkeypatch.setattr(looks, "_exp", counted)
    told(with_alarms(number))
    assert 1_000_000 < steps["taken"] < 4_000_000


def test_changes_beyond_the_bound_are_counted_and_not_tried() -> None:
    case = with_alarms(40)
    page = told(case)
    assert len(case.tried.judged) <= 10
    assert f"{len(case.tried.left_out)} changes of the plan were not tried, since it is too long" in page
    assert "No set of edits was found that complies as a whole, and not all were tried." in page


def test_few_pairs_of_changes_are_tried() -> None:
    """Of violations that no single change mends, hundreds of pairs could be."""
    case = changed_case(
        SOUND,
        {
            "non_inferiority_margin: 8%": "x-margin: 8%",
            "limit: {max: 2100ms}": "limit: {}",
            "data_access: aggregates": "data_access: 48h",
        },
    )
    page = told(case)
    assert len(case.tried.further) == 60
    assert len(case.tried.judged) <= 100
    assert "changes of the plan were not tried" in page


def test_no_change_of_a_long_plan_is_tried() -> None:
    short = (EXAMPLES / "rejected/ship-on-day-five.yaml").read_text(encoding="utf-8")
    assert "Not tried" not in told(case_of_text(short))
    case = case_of_text(short + "# nothing\n" * (LONGEST_TRIED // 10))
    assert "not tried, since it is too long" in told(case)
    assert (case.tried.judged, case.tried.edited) == ({}, {})


def test_each_of_the_first_violations_has_a_section_and_the_others_are_counted() -> None:
    further = "".join(f"unknown_{at}: 1\n" for at in range(45))
    case = case_of_text((EXAMPLES / SOUND).read_text(encoding="utf-8") + further)
    errors = sum(case.judged.errors.values())
    page = told(case)
    assert errors > 40 > MOST_STEPS
    assert f"{errors - 40} more violations: egp check {case.source.shown} lists them." in page
    assert f"is sought where there are no more than {MOST_STEPS} violations" in page
    assert str(AS_OF) in page
