"""What breaking a rule costs: the numbers are those of egp.stats and of the plan."""

from __future__ import annotations

import pytest

from egp import stats
from egp.pages.memo.consequences import consequences_of
from egp.plan.analysis.registered import power_at, primary_effect, primary_test
from egp.plan.wording import one_in, percent, power_text
from tests.memo.cases import case_of, changed_case


def costs(name: str, rule: str) -> str:
    case = case_of(name)
    return " ".join(consequences_of(case, case.judged.of(rule)[0]))


def test_a_small_sample_tells_the_power_it_has() -> None:
    case = case_of("rejected/too-small-a-sample.yaml")
    power = power_at(case.plan, primary_effect(case.plan), 62_000)
    told = costs("rejected/too-small-a-sample.yaml", "sample-size")
    assert f"found with {power_text(power)} power and missed in {one_in(1 - power)} experiments" in told
    assert "79.7 %" in told


def test_treatments_that_share_a_control_are_not_independent() -> None:
    case = case_of("rejected/unapproved-sub-variant.yaml")
    shared = stats.equicorrelated_exceedance(stats.z_upper(0.025), 2, 2, 33 / 67)
    told = costs("rejected/unapproved-sub-variant.yaml", "multiple-comparisons")
    assert percent(shared, 1) in told
    assert shared < 1 - 0.95**2
    assert primary_test(case.plan).alpha == 0.05


@pytest.mark.parametrize(
    ("name", "rule", "number"),
    [
        (
            "loose-margin",
            "guardrail-margin",
            "775 more refund_rate events per 100,000 users",
        ),  # 25 % of 3.1 %
        (
            "loose-margin",
            "guardrail-margin",
            "310 more refund_rate events per 100,000 users",
        ),  # 10 % of 3.1 %
        ("no-rollback-criteria", "rollback-declared", "18,450 users a day"),  # 41,000 x 90 % x 50 %
        ("no-holdout", "holdout-size", "2,050 units a day"),  # 5 % of 41,000
        (
            "ramp-before-readout",
            "ramp-after-readout",
            "For 7 days 10,250 more units a day",
        ),  # (70 - 45) % of 41,000
        ("one-day-stages", "stage-dwell", "In 18 h at 70 % about 21,525 units are treated"),
        ("cherry-picked-segments", "segments-declared", "looks like a win 11.9 % of the time (about 1 in 8)"),
        ("ambiguous-mde", "ambiguous-quantity", "Read as 0.3pp the test takes 231,169 units"),
        ("ml/below-the-floor", "expected-value", "worth 47,970 USD, 32,030 USD below the floor"),
        ("ml/costly-model", "cost-cap", "6,400 USD a week above the cap"),  # (0.004 - 0.002) x 3.2M
        ("ml/wide-canary", "canary-size", "230,000 units a day; a canary of 10 % risks 46,000"),
        ("ml/hair-trigger", "hair-trigger", "harmless launches would be rolled back"),
        ("seven-days", "minimum-runtime", "Of a weekday that is seen once"),
        (
            "ship-on-day-five",
            "minimum-runtime",
            "if it does nothing then, its effect over a whole week is 29 % smaller",
        ),  # 2 / 7
    ],
)
def test_the_cost_is_in_numbers_of_the_plan(name: str, rule: str, number: str) -> None:
    assert number in costs(f"rejected/{name}.yaml", rule)


def test_the_power_of_a_guardrail_says_whose_outcomes_it_counts() -> None:
    """Exposed from 23 January to 5 February and read on the 6th: of 14 days, seven are over for as long as refunds take."""
    case = changed_case(
        "experiments/pdp-buy-now.yaml", {"non_inferiority_margin: 8%": "non_inferiority_margin: 6%"}
    )
    late = " ".join(consequences_of(case, case.judged.of("guardrail-power")[0]))
    assert late.endswith("end on hold. That counts the 50 % of units whose outcomes are in by the readout.")
    at_once = costs("rejected/ship-on-day-five.yaml", "guardrail-power")
    assert at_once.endswith(
        "end on hold. That takes outcomes to be in at once, as the plan does; late ones would leave less."
    )


def test_what_cannot_be_computed_is_left_out() -> None:
    case = changed_case("rejected/too-small-a-sample.yaml", {"  baseline: 12%\n": ""})
    assert not [
        each for found in case.judged.diagnostics for each in consequences_of(case, found) if "nan" in each
    ]


def test_no_power_is_rounded_up_to_certainty() -> None:
    assert power_text(0.99997) == "more than 99.99 %"
    assert power_text(0.9994) == "99.94 %"
