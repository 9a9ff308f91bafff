"""The remedies of a finding, with the price that their rule names or that follows from what they set."""

from __future__ import annotations

import pytest

from egp.advice.options.offered import offered
from egp.plan.remedy import PROPOSAL, Remedy, TradeOff, addition, advise, open_if, removal, setting
from egp.yaml.edits import APPEND, Setting


@pytest.mark.parametrize(
    ("remedy", "trade_off", "price"),
    [
        (setting(("schedule", "end"), "2023-02-05"), TradeOff.NOTHING, ""),
        (
            setting(("statistics", "variance_reduction", "correlation"), 0.7),
            TradeOff.FACT,
            "open only if correlation is measured to be so",
        ),
        (
            addition(
                ("statistics", "clustering"), {"method": "cluster_robust", "mean_size": 4.2, "icc": 0.02}
            ),
            TradeOff.FACT,
            "open only if mean_size and icc are measured to be so",
        ),
        (removal(("guardrail_metrics", 0, "segment_share")), TradeOff.NOTHING, ""),
        (addition(("stop_rules", APPEND), {"id": "a", "metric": "a"}), *PROPOSAL),
        (
            setting(("schedule", "pauses"), [], price=open_if("it is still to come")),
            TradeOff.EVIDENCE,
            "open only if it is still to come",
        ),
    ],
)
def test_a_remedy_costs_what_its_rule_says_or_what_it_sets(
    remedy: Remedy, trade_off: TradeOff, price: str
) -> None:
    (candidate,) = offered([remedy])
    assert (candidate.trade_off, candidate.price) == (trade_off, price)
    assert candidate.changes == remedy.edits


def test_what_is_done_by_hand_is_no_option() -> None:
    assert list(offered([advise("ask somebody")])) == []


def test_one_setting_is_named_as_the_lever_that_moves_it() -> None:
    one = setting(("sample_size_per_variant",), "120_900")
    two = Remedy((*one.edits, Setting(("primary_metric", "mde"), "50bps")))
    assert [each.lever for each in offered([one, two])] == ["sample", ""]
