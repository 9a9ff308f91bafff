"""How a page restates a decision with three branches."""

from __future__ import annotations

from egp.pages.brief.agreed import decision_rule_lines
from tests.gate.worlds import plan_of


def first_line(**changes: object) -> str:
    return next(decision_rule_lines(plan_of(**changes)))


def test_withdrawing_is_said_between_shipping_and_the_rest() -> None:
    said = first_line(decision_rule={"withdraw": {"max_ci_upper": "0%", "max_lift": "-1%", "then": "revert"}})
    assert said == (
        "It ships if the whole range of the result is better than no change, and every guardrail is shown to stay within what "
        "was agreed; it is withdrawn (revert) if the whole range of the result is worse than no change and the result itself is "
        "at most -1% of control; otherwise: keep_control."
    )


def test_a_rule_without_the_branch_says_nothing_of_it() -> None:
    assert "withdrawn" not in first_line()


def test_a_holdback_goes_on() -> None:
    assert first_line(type="holdback", ramp=[], holdout=None, canary=None).startswith("It goes on if")
