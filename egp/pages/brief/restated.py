"""The policy and the criteria agreed beforehand, in sentences that need no statistics."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from egp.plan.analysis.days import whole_days
from egp.plan.analysis.registered import has_primary_test
from egp.plan.experiment import DecisionRule, Experiment, StopRule, Withdrawal
from egp.plan.quantity import shown
from egp.plan.wording import counted, listing, percent

if TYPE_CHECKING:
    from egp.plan.quantity import MetricChange
    from egp.policy.model import Adopted

WEEK = timedelta(weeks=1)


def policy_in_sentences(
    rules: Mapping[str, Adopted], plan: Experiment, waived: Collection[str]
) -> Iterator[str]:
    """What the policy insists on for the plan, of the things that people argue about."""
    for rule_id, adopted in rules.items():
        plain = adopted.rule.exported("plain") if adopted.severity != "info" else None
        if plain and (said := plain(adopted.params, plan)):
            exempt = " This plan is exempt from it by a waiver." if rule_id in waived else ""
            yield f"{said}{exempt}"


def contested(rules: Mapping[str, Adopted]) -> dict[str, Adopted]:
    """The rules that people argue about first."""
    return {rule_id: adopted for rule_id, adopted in rules.items() if adopted.rule.exported("CONTESTED")}


def stop_rule_in_words(rule: StopRule) -> str:
    """When it fires: "cs_contacts is clearly worse in 2 weeks in a row"."""
    return f"{shown(rule.metric)} {_fires_if(rule)}"


def _fires_if(rule: StopRule) -> str:
    worse = f"worse than control by more than {rule.harm_exceeds}" if rule.harm_exceeds else "worse"
    if rule.probability is not None:
        return f"is {worse}, with a probability of at least {percent(rule.probability)}"
    if rule.significant_harm_for is not None:
        return f"is clearly {worse} in {counted(rule.significant_harm_for // WEEK, 'week')} in a row"
    if rule.for_ is not None:
        return f"is {worse} on {counted(whole_days(rule.for_), 'day')} in a row"
    return f"is {worse}, with no bound that could be checked"


def stop_rule_lines(rules: Iterable[StopRule]) -> Iterator[str]:
    """The rules as they were agreed, those that differ in nothing but their metric in one line."""
    alike: dict[tuple[tuple[str, str, str], str, str], list[StopRule]] = {}
    for rule in rules:
        often = f"; looked at {rule.evaluated}" if rule.evaluated else ""
        least = (
            f"; from {rule.min_units_per_variant:,} units per variant on"
            if rule.min_units_per_variant
            else ""
        )
        does = ("holds", "hold", "the ramp") if rule.action == "hold" else ("rolls", "roll", "back")
        alike.setdefault((does, _fires_if(rule), f"{often}{least}"), []).append(rule)
    for (does, fires, further), several in alike.items():
        one, many, what = does
        names = listing(shown(rule.id) for rule in several)
        metrics = listing((shown(rule.metric) for rule in several), "or")
        yield f"{names} {many if len(several) > 1 else one} {what} if {metrics} {fires}{further}."


def decision_rule_lines(plan: Experiment) -> Iterator[str]:
    decision = plan.decision_rule
    if decision is None or not has_primary_test(plan):
        return
    criteria = listing(_criteria(decision))
    if criteria:
        ships = "It goes on" if plan.type == "holdback" else "It ships"
        withdrawn = listing(_of_withdrawal(decision.withdraw)) if decision.withdraw else ""
        then = f" ({shown(decision.withdraw.then)})" if decision.withdraw and decision.withdraw.then else ""
        yield (
            f"{ships} if {criteria}, and every guardrail is shown to stay within what was agreed; "
            + (f"it is withdrawn{then} if {withdrawn}; " if withdrawn else "")
            + f"otherwise: {shown(decision.otherwise)}."
        )
    if decision.options:
        yield f"The options agreed for the readout: {listing(map(shown, decision.options), 'or')}."


def _of_withdrawal(branch: Withdrawal) -> Iterator[str]:
    if branch.max_ci_upper is not None:
        bound = branch.max_ci_upper
        yield (
            "the whole range of the result is worse than no change"
            if bound.value == 0
            else f"the whole range of the result is below {_with_base(bound)}"
        )
    if branch.max_lift is not None:
        yield f"the result itself is at most {_with_base(branch.max_lift)}"


def _with_base(bound: MetricChange) -> str:
    """ "1.5% of control"."""
    return f"{bound} of control" if bound.relative and bound.value else f"{bound}"


def _criteria(decision: DecisionRule) -> Iterator[str]:
    if decision.min_ci_lower is not None:
        bound = decision.min_ci_lower
        yield (
            "the whole range of the result is better than no change"
            if bound.value == 0
            else f"the whole range of the result is above {_with_base(bound)}"
        )
    if decision.min_lift is not None:
        yield f"the result itself is at least {_with_base(decision.min_lift)}"
