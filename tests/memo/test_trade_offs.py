"""What an option gives up is told, whoever thought of the option: nothing passes for free that is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from egp import stats
from egp.advice.options.offered import measured
from egp.advice.options.option import Option
from egp.advice.options.solver import options
from egp.plan.analysis.registered import guardrail_test, metric_units, planned_units
from egp.plan.remedy import TradeOff
from egp.plan.wording import percent
from egp.yaml.edits import Setting
from tests.memo.cases import REJECTED, case_of, names, options_of

FREE = {
    ("ml/expected-value-slip", "expected-value"),
    ("ml/wide-canary", "canary-size"),
    ("typo", "valid-plan"),
    ("user-level-export", "aggregates-only"),
}
"""Rejected examples with an option that takes nothing but the edit."""


def offered() -> Iterator[tuple[str, str, Option]]:
    for path in REJECTED:
        name = names(path)
        for at, each in enumerate(case_of(name).judged.diagnostics):
            for option in options_of(name, at):
                yield name.removeprefix("rejected/").removesuffix(".yaml"), each.rule, option


def costs_of(name: str, words: str) -> list[str]:
    return [option.cost.words for of, _, option in offered() if of == name and words in option.words]


@pytest.mark.parametrize(
    ("name", "option", "cost"),
    [
        ("seven-days", "schedule.end", "7 more days of exposure, the readout stays where it is"),
        ("ml/canary-as-the-test", "schedule.end", "9 more days of exposure"),
        ("ship-on-day-five", "schedule.end", "the readout is 9 days later"),
        ("ramp-before-readout", "ramp[0].start", "the ramp starts 7 days later"),
        ("one-day-stages", "ramp[0].min_dwell", "the ramp takes 30 h longer"),
        ("no-holdout", "holdout", "5 % of the eligible units do without the treatment until 2023-02-20"),
        ("started-unregistered", "schedule.start", "what was exposed before 2023-01-27 does not count"),
        ("sessions-for-users", "analysis_unit", "baseline, spread and MDE are then those of a user"),
        ("vague-metric", "mde: 3.14%", "true effects below 3.14% are missed more often"),
        ("too-small-a-sample", "MDE of 58.3bps", "true effects between 45bps and 58.3bps are missed more often"),
        ("too-small-a-sample", "declare 103,287", "the units come anyway in this run"),
        ("eighty-percent-power", "statistics.power", "the declared sample has 99 % power already"),
        ("guardrail-without-margin", "margin of 4.7%", "up to 4.7% of harm to cs_contacts is accepted"),
        ("ml/hair-trigger", "probability", "waits for 99.6 % certainty of harm instead of 90 %"),
        ("ml/ships-half-of-the-true-ones", "min_lift", "has to show nothing instead of 1.8%"),
        ("vague-stop-rule", "for: 2d", "agree on names and numbers of your own"),
        ("cherry-picked-segments", "none → holm", "tested at 1 %, a segment with 1 in 5 of the units finds the MDE with 25.7 % power instead of 48.5 %"),
        ("no-criteria", "decision_rule", "agree on names and numbers of your own"),
        ("ambiguous-mde", "0.3pp", "open only if that is what is meant"),
        ("paused-in-between", "pauses: [2023-01-28] → []", "open only if the pause is still to come"),
    ],
)  # fmt: skip
def test_the_cost_of_an_option(name: str, option: str, cost: str) -> None:
    found = costs_of(name, option)
    assert found
    assert any(cost in each for each in found), found


def test_only_what_is_free_is_called_so() -> None:
    assert {
        (name, rule) for name, rule, option in offered() if option.cost.words == "nothing but the edit"
    } == FREE


def test_what_was_measured_is_only_restated_by_those_who_measured_it() -> None:
    restated = [
        (name, option)
        for name, _, option in offered()
        for change in option.changes
        if isinstance(change, Setting)
        and change.path[-1] in measured() - {"on", "distinct_over_run"}
        and change.path[0] != "guardrail_metrics"
    ]
    assert restated
    assert not [name for name, option in restated if option.cost.trade_off != TradeOff.FACT]
    assert not [name for name, option in restated if "measured" not in option.cost.price]


def test_a_stricter_margin_holds_more_harmless_launches() -> None:
    case = case_of("rejected/loose-margin.yaml")
    (option,) = options_of("rejected/loose-margin.yaml", 0)
    after = case.on_trial(option.changes)
    assert after is not None
    path, metric = next(iter(after.plan.guardrails))
    units = metric_units(after.plan, metric, planned_units(after.plan))
    power = stats.achieved_power(guardrail_test(after.plan, metric, path), 0.0, units)
    assert f"a harmless launch passes refund_rate with {percent(power, 1)} power" in option.cost.words


def test_what_can_be_done_comes_before_what_has_to_be_so() -> None:
    words = [each.words for each in options_of("rejected/mde-by-the-shortcut.yaml", 0)]
    assert words[0].startswith("plan for an MDE of 43.6bps")
    assert words[-1].startswith("CUPED")


def test_a_target_below_the_mde_is_met_before_it_is_lowered() -> None:
    case = case_of("experiments/pdp-buy-now.yaml")
    (warning,) = case.judged.of("target-below-mde")
    words = [each.words for each in options(case, warning)]
    assert words[0] == "plan for an MDE of 30bps, the target, and run 14 days longer, to 2023-02-19"
    assert any("primary_metric.target: 30bps → 45bps" in each for each in words[1:])
