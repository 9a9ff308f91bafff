"""A rule at its bound and one step beyond: what is just enough passes, what is just too little does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, NamedTuple

import pytest

from egp.plan.quantity import Share
from egp.rules import rule
from egp.rules.integrity.definitions_kept import _plans
from egp.rules.options import Bound as Least
from egp.rules.options import declared_options
from egp.rules.rule import Example, load

from .examples import merged, plan_of, run_example, sound_value


class Bound(NamedTuple):
    """Two changes to the sound plan that differ by one step, with what a header of a page would say of the call."""

    rule: str
    means: str
    enough: str
    short: str
    enough_when: str = ""
    short_when: str = ""


def days(rule: str, means: str, enough: str, short: str, when: str = "", patch: str = "{}") -> Bound:
    """The same plan, judged on two days."""
    more = f", {when}" if when else ""
    return Bound(rule, means, patch, patch, f"as_of: {enough}{more}", f"as_of: {short}{more}")


LOADS = """
guardrail_metrics: [{{id: p95, kind: quantile, quantile: 95%, direction: decrease, baseline: 1900ms,
  influence_std_dev: 5200ms, limit: {{{}}}, action: rollback}}]
"""
LATER = """
id: sound-plan
---
schedule: {{start: 2023-02-{}, end: 2023-02-28}}
"""
LAYER = """
schedule: {{exposure: {}}}
---
schedule: {{start: 2023-01-30, end: 2023-02-12, exposure: 50%}}
"""
WAIVED = """
waivers: [{rule: stage-dwell, reason: the flag can only switch once a day, ticket: XP-17, approver: "@xp-lead",
  role: experimentation_lead, granted: 2023-01-17, expires: 2023-02-16, digest: plan}]
"""
WAIVING = (
    'found: [stage-dwell], approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}, '
)

BOUNDS = [
    Bound("minimum-runtime", "as many days as asked", "schedule: {end: 2023-02-05}", "schedule: {end: 2023-02-04}"),
    Bound("maximum-runtime", "as many days as allowed", "{}", "{}", "days: 14", "days: 13"),
    Bound("weekly-cycles", "each weekday as often as asked", "{}", "{}", "times: 2", "times: 3"),
    Bound("canary-size", "the largest canary", "canary: {treated: 10%}", "canary: {treated: 10.1%}"),
    Bound("canary-size", "the smallest canary", "canary: {treated: 5%}", "canary: {treated: 4.9%}"),
    Bound("holdout-size", "the smallest holdout", "holdout: {share: 5%}", "holdout: {share: 4.9%}"),
    Bound("stage-dwell", "the shortest dwell", "ramp: [{treated: 70%, min_dwell: 48h}]", "ramp: [{treated: 70%, min_dwell: 47h}]"),
    Bound("ramp-monotone", "a stage as large as the test's share", "ramp: [{treated: 45%, min_dwell: 48h}]", "ramp: [{treated: 44.9%, min_dwell: 48h}]"),
    Bound("ramp-monotone", "a stage above the one before", "ramp: [{treated: 70%}, {treated: 70.1%}]", "ramp: [{treated: 70%}, {treated: 70%}]"),
    Bound("significance-level", "the largest alpha", "statistics: {alpha: 5%}", "statistics: {alpha: 5.01%}"),
    Bound("power-floor", "the least power", "statistics: {power: 95%}", "statistics: {power: 94.9%}"),
    Bound("target-below-mde", "a target that is the MDE", "primary_metric: {target: 45bps}\nsample_size_per_variant: 62_000", "primary_metric: {target: 44.9bps}\nsample_size_per_variant: 62_000"),
    Bound("mde-declared", "an MDE that leaves a rate below one", "primary_metric: {mde: 87.9pp}", "primary_metric: {mde: 88pp}"),
    Bound("escalation-path", "the longest way up", "escalation: {within: 24h}", "escalation: {within: 25h}", "hours: 24", "hours: 24"),
    Bound("decision-rule", "as many options as asked", "decision_rule: {options: [ship, keep_control, wait]}", "decision_rule: {options: [ship, keep_control]}", "options: 3", "options: 3"),
    Bound("decision-rule", "an interval from zero", "decision_rule: {min_ci_lower: 0%}", "decision_rule: {min_ci_lower: -0.01%}"),
    Bound("guardrail-threshold", "a limit above the baseline", LOADS.format("max: 1901ms"), LOADS.format("max: 1900ms")),
    Bound("guardrail-threshold", "limits that leave a value", LOADS.format("min: 1950ms, max: 1950ms"), LOADS.format("min: 1951ms, max: 1950ms")),
    Bound("segments-declared", "as many segments as allowed", "segments: [a, b, c]\nstatistics: {correction: bonferroni}", "segments: [a, b, c, d]\nstatistics: {correction: bonferroni}", "max_segments: 3", "max_segments: 3"),
    Bound("baseline-source", "a baseline as old as allowed", "{}", "{}", "days: 7", "days: 6"),
    days("registration-date", "a registration of today", "2023-01-17", "2023-01-16"),
    days("sign-offs-attested", "a signature of today", "2023-01-17", "2023-01-16"),
    days("evidence-date", "what was measured and signed by today", "2023-01-17", "2023-01-16"),
    Bound("evidence-date", "evidence of the day of registration", "eligible_units: {as_of: 2023-01-17}", "eligible_units: {as_of: 2023-01-18}", "as_of: 2023-03-18", "as_of: 2023-03-18"),
    Bound("amendment-complete", "an amendment of today", AMENDED := "amendments: [{on: 2023-01-20, reason: a slip, approver: '@xp-lead', data_access: results_seen, changes: [/title]}]", AMENDED, "as_of: 2023-01-20", "as_of: 2023-01-19"),
    days("deleted-while-running", "gone on the day before it starts", "2023-01-17", "2023-01-18"),
    days("deleted-while-running", "gone on the day after its holdout", "2023-05-11", "2023-05-10"),
    days("current-analysis", "judged after the holdout", "2023-05-11", "2023-05-10", "lock: {digest: plan}"),
    days("no-backdating", "registered today", "2023-01-17", "2023-01-18", "under_base: true, lock: {digest: plan, registered: 2023-01-17}"),
    days("registered-before-start", "not registered on the day before the start", "2023-01-17", "2023-01-18", patch="registered: null"),
    Bound("registered-before-start", "registered on the day before the start", "registered: 2023-01-17", "registered: 2023-01-18"),
    Bound("registered-before-start", "committed on the day before the start", "{}", "{}", "first_commit: 2023-01-17", "first_commit: 2023-01-18"),
    Bound("flag-reuse", "a flag that rests for longer than asked", LATER.format(15), LATER.format(15), "days: 9", "days: 10"),
    Bound("layer-traffic", "a layer that is full", LAYER.format("50%"), LAYER.format("50.1%")),
    Bound("layer-traffic", "a layer that is free on the next day", LAYER.format("60%").replace("start: 2023-01-30", "start: 2023-02-06"), LAYER.format("60%").replace("start: 2023-01-30", "start: 2023-02-05")),
    Bound("expiring-waiver", "a waiver that lasts for longer than is soon", WAIVED, WAIVED, WAIVING + "as_of: 2023-02-08", WAIVING + "as_of: 2023-02-09"),
]  # fmt: skip


def outcome(bound: Bound, patch: str, context: str) -> list[str]:
    """What is found; what cannot be checked counts as found."""
    found = run_example(load(bound.rule), Example("passes", "", context, "", False, patch))
    assert found.applies
    return [finding.message for finding in found.findings] + (
        [found.not_checked] if found.not_checked else []
    )


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: f"{bound.rule}: {bound.means}")
def test_just_enough_passes_and_a_step_less_does_not(bound: Bound) -> None:
    assert outcome(bound, bound.enough, bound.enough_when) == []
    assert outcome(bound, bound.short, bound.short_when) != []


def test_an_option_is_not_below_its_least_and_may_be_the_least_where_that_is_allowed() -> None:
    assert [Least(1, True).excludes(amount) for amount in (0, 1, 2)] == [True, False, False]
    assert [Least(0, False).excludes(amount) for amount in (-1, 0, 1)] == [True, True, False]


class OfEveryKind(rule.Params):
    number: Annotated[int, "a number"] = 3
    share: Annotated[Share, "a share"] = Share(0.5)
    length: Annotated[timedelta, "a length of time"] = timedelta(days=1)
    none_allowed: Annotated[int, "a number", rule.AtLeast(0)] = 0
    of_each: Annotated[dict[str, int], "a number for each"] = {}  # noqa: RUF012
    share_of_each: Annotated[dict[str, Share], "a share for each"] = {}  # noqa: RUF012
    word: Annotated[str, "a word"] = ""


def test_what_an_option_may_be_follows_from_its_kind() -> None:
    bounds = {name: option.bound for name, option in declared_options(OfEveryKind).items()}
    assert {name: (bound.least, bound.is_allowed) if bound else None for name, bound in bounds.items()} == {
        "number": (1, True), "share": (0, False), "length": (0, False), "none_allowed": (0, True), "of_each": (1, True),
        "share_of_each": (0, False), "word": None,
    }  # fmt: skip


def test_ten_plans_are_named_and_further_ones_are_counted() -> None:
    names = [f"p{number}" for number in range(12)]
    assert _plans(names[:1]) == "p0"
    assert _plans(names[:2]) == "2 registered plans (p0 and p1)"
    assert _plans(names[:10]).endswith("p8 and p9)")
    assert _plans(names[:11]).endswith("p9 and 1 more)")


def test_a_population_of_the_catalogue_that_is_triggered_as_well_is_logged_in_every_variant() -> None:
    checked = load("triggered-population")
    for population, missing in (
        ({"of": "pdp"}, []),
        ({"of": "pdp", "triggered": "saw_buy_now"}, ["/population/logged_in"]),
        ({"of": "pdp", "logged_in": ["control", "buy_now"]}, ["/population/triggered"]),
    ):
        found = checked.check(plan_of(merged(sound_value(), {"population": population})), checked.params())
        assert [each.at for each in found if each.at != ("population", "of")] == [
            tuple(at.split("/")[1:]) for at in missing
        ]
