"""What changed between two plans: every field at its place, with its weight and its effect."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment, declarations
from egp.record.changes import (
    FieldChange,
    added_amendments,
    changes,
    covers,
    exploratory_amendments,
    moved_day,
    names_of,
    undeclared,
    vanished_amendments,
)
from egp.yaml import Path, pointer
from tests.integrity.editing import leaves, other_plans, plan_of, text_of, value_of, with_value, without
from tests.integrity.test_digest import shuffled

TEXT = re.sub(r"none: [a-z ]+, ", "", text_of("every-field"))
"""With a canary and a holdout, and no reason why there is none."""

VALUE = value_of(TEXT)
PLAN = plan_of(VALUE)


def plan(*edits: tuple[str, str]) -> Experiment:
    text = TEXT
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return plan_of(value_of(text))


def changed(*edits: tuple[str, str]) -> list[FieldChange]:
    return changes(PLAN, plan(*edits))


def only(*edits: tuple[str, str]) -> FieldChange:
    (change,) = changed(*edits)
    return change


def test_every_field_has_one_weight() -> None:
    declared = {keys[0]: each for keys, each in declarations().items() if len(keys) == 1}
    assert [key for key, each in declared.items() if not (each.weight and each.because)] == []


def test_a_plan_has_not_changed_against_itself() -> None:
    assert changes(PLAN, plan()) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_another_order_is_no_change(seed: int) -> None:
    assert changes(PLAN, plan_of(shuffled(VALUE, random.Random(seed)))) == []


@pytest.mark.parametrize("path", list(leaves(VALUE)), ids=pointer)
def test_a_change_is_material_exactly_if_the_digest_says_so(path: Path) -> None:
    others = [
        *other_plans(VALUE, path),
        *([] if path[-1] in ("id", "type") else [plan_of(without(VALUE, path))]),
    ]
    assert others
    for other in others:
        found = changes(PLAN, other)
        assert found
        assert any(change.is_material for change in found) is (plan_digest(PLAN) != plan_digest(other))
        assert all(change.name.split("/")[1] == path[0] for change in found)
        assert all(change.before != change.after for change in found)


@pytest.mark.parametrize("path", list(leaves(VALUE)), ids=pointer)
def test_there_and_back_are_the_same_fields(path: Path) -> None:
    for other in list(other_plans(VALUE, path))[:4]:
        there = {(change.name, change.before, change.after) for change in changes(PLAN, other)}
        back = {(change.name, change.after, change.before) for change in changes(other, PLAN)}
        assert there == back


@pytest.mark.parametrize(
    ("old", "new", "name", "before", "after"),
    [
        ("mde: 45bps", "mde: 60bps", "/primary_metric/mde", "45bps", "60bps"),
        ("exposure: 90%", "exposure: 50%", "/schedule/exposure", "90%", "50%"),
        ("distinct_over_run: 340_000", "distinct_over_run: 1M", "/eligible_units/distinct_over_run", "340,000", "1,000,000"),
        ("within: 24h", "within: 36h", "/escalation/within", "24h", "36h"),
        ("{treated: 90%, min_dwell: 48h}", "{treated: 90%, min_dwell: 90s}", "/ramp/1/min_dwell", "48h", "90s"),
        ("end: 2023-01-22", "end: 2023-01-21", "/canary/end", "2023-01-22", "2023-01-21"),
        ("[2023-01-28/2023-01-29]", "[2023-01-28]", "/schedule/pauses", None, "2023-01-28"),
        ("prior: flat, ", "", "/stop_rules/slow/prior", "flat", None),
        ("prior: flat", "prior: {mean: 1%}", "/stop_rules/slow/prior", "flat", "{mean: 1%}"),
        ("weight: 50%, control: true", "weight: 50%", "/variants/control/control", "true", "false"),
        ("risk: [revenue, brand]", "risk: []", "/risk", "revenue", None),
        ("title: A plan that leaves", "title: One that leaves", "/title", "A plan that leaves nothing out", "One that leaves nothing out"),
    ],
)  # fmt: skip
def test_values_are_as_a_plan_writes_them(
    old: str, new: str, name: str, before: str | None, after: str | None
) -> None:
    assert (name, before, after) in [(each.name, each.before, each.after) for each in changed((old, new))]


def test_a_metric_that_is_swapped_is_one_change() -> None:
    change = only(("id: add_to_cart_rate", "id: clicks"), ("baseline: 12%", "baseline: 40%"))
    assert (change.path, change.name) == (("primary_metric", "id"), "/primary_metric")
    assert (change.before, change.after, change.weight) == ("add_to_cart_rate", "clicks", "inferential")


def test_items_are_found_by_their_id_wherever_they_stand() -> None:
    turned = with_value(VALUE, ("guardrail_metrics", 0, "non_inferiority_margin"), "15%")
    assert isinstance(turned, dict)
    turned["guardrail_metrics"] = turned["guardrail_metrics"][::-1]
    (margin,) = changes(PLAN, plan_of(turned))
    assert margin.name == "/guardrail_metrics/refund_rate/non_inferiority_margin"
    assert margin.path == ("guardrail_metrics", 2, "non_inferiority_margin")
    assert margin.earlier_path == ("guardrail_metrics", 0, "non_inferiority_margin")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (["2023-02-06"], ["2023-02-10"], [("2023-02-06", "2023-02-10")]),
        (["2023-01-30", "2023-02-06"], ["2023-02-06", "2023-01-31"], [("2023-01-30", "2023-01-31")]),
        (["2023-02-06"], ["2023-01-30", "2023-02-06"], [(None, "2023-01-30")]),
        (
            ["2023-01-30", "2023-02-06"],
            ["2023-02-10"],
            [(None, "2023-02-10"), ("2023-01-30", None), ("2023-02-06", None)],
        ),
    ],
)
def test_a_look_that_moved_is_one_change(
    before: list[str], after: list[str], said: list[tuple[str | None, str | None]]
) -> None:
    versions = [plan_of(with_value(VALUE, ("statistics", "looks"), each)) for each in (before, after)]
    found = changes(*versions)
    assert [(each.before, each.after) for each in found] == said
    assert {each.name for each in found} == {"/statistics/looks"}


def test_an_item_that_is_gone_is_missed_in_its_list() -> None:
    gone = changes(PLAN, plan_of(without(VALUE, ("stop_rules", 1))))
    assert [(each.path, each.earlier_path, each.before, each.after) for each in gone] == [
        (("stop_rules",), ("stop_rules", 1), "contacts", None)
    ]


def test_an_id_with_a_slash_is_escaped() -> None:
    names = [each.name for each in changed(("id: slow, metric", 'id: "p95/slow", metric'))]
    assert names == ["/stop_rules/p95~1slow", "/stop_rules/slow"]


RAMP = "  - {treated: 70%, min_dwell: 48h, start: 2023-02-08}\n  - {treated: 90%, min_dwell: 48h}\n"


def ramp(*stages: str) -> Experiment:
    lines = "".join(f"  - {{{stage}}}\n" for stage in stages)
    return plan((RAMP, lines))


TWO_STAGES = ("treated: 70%, min_dwell: 48h", "treated: 90%, min_dwell: 48h")


@pytest.mark.parametrize(
    ("stages", "effect"),
    [
        (("treated: 70%, min_dwell: 72h", "treated: 90%, min_dwell: 48h"), "tightens"),
        (("treated: 70%, min_dwell: 48h", "treated: 90%, min_dwell: 72h"), "tightens"),
        (("treated: 50%, min_dwell: 48h", *TWO_STAGES), "tightens"),
        (("treated: 70%, min_dwell: 24h", "treated: 80%, min_dwell: 24h", "treated: 90%, min_dwell: 48h"), "loosens"),
        (("treated: 70%, min_dwell: 24h", "treated: 90%, min_dwell: 72h"), "loosens"),
        (("treated: 80%, min_dwell: 96h", "treated: 90%, min_dwell: 48h"), "loosens"),
        (("treated: 70%, min_dwell: 48h",), "loosens"),
        (("treated: 70%", "treated: 90%, min_dwell: 48h"), "loosens"),
        (("treated: 70%, min_dwell: 48h, start: 2023-02-09", "treated: 90%, min_dwell: 48h"), "tightens"),
    ],
)  # fmt: skip
def test_a_ramp_tightens_if_it_never_reaches_more(stages: tuple[str, ...], effect: str) -> None:
    assert {each.effect for each in changes(ramp(*TWO_STAGES), ramp(*stages))} == {effect}


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("start: 2023-02-08", "start: 2023-02-09", "tightens"),
        ("start: 2023-02-08", "start: 2023-02-07", "loosens"),
        ("treated: 5%, start: 2023-01-18", "treated: 4%, start: 2023-01-18", "tightens"),
        ("treated: 5%, start: 2023-01-18", "treated: 5%, start: 2023-01-17", "tightens"),
        ("treated: 5%, start: 2023-01-18", "treated: 5%, start: 2023-01-19", "loosens"),
        ("treated: 5%, start: 2023-01-18", "treated: 6%, start: 2023-01-18", "loosens"),
        ("share: 10%", "share: 12%", "tightens"),
        ("share: 10%", "share: 8%", "loosens"),
        ("until: 2023-05-10", "until: 2023-04-10", "loosens"),
        ("harm_exceeds: 5%", "harm_exceeds: 4%", "tightens"),
        ("harm_exceeds: 5%", "harm_exceeds: 4pp", "loosens"),
        ("probability: 95%", "probability: 99%", "loosens"),
        ("for: 2d", "for: 1d", "tightens"),
        ("significant_harm_for: 2w", "significant_harm_for: 3w", "loosens"),
        ("evaluated: daily", "evaluated: weekly", "loosens"),
        ("evaluated: daily", "evaluated: hourly", "tightens"),
        ("min_units_per_variant: 5_000, action: hold", "min_units_per_variant: 5_000, action: rollback", "tightens"),
        ("id: slow, metric: p95_page_load", "id: slow, metric: refund_rate", "loosens"),
        ("max_minutes: 15", "max_minutes: 30", "loosens"),
        ("max_minutes: 15, ", "", "loosens"),
        ("within: 24h", "within: 12h", "tightens"),
        ("cadence: weekly", "cadence: biweekly", "loosens"),
        ("risk: [revenue, brand]", "risk: [revenue, brand, privacy]", "tightens"),
        ("dri: \"@pdp-pm\"", "dri: \"@pdp-po\"", "neutral"),
        ("data_access: aggregates", "data_access: user_level", "loosens"),
        ("non_inferiority_margin: 8%", "non_inferiority_margin: 15%", "loosens"),
        ("limit: {max: 2100ms}", "limit: {max: 2s}", "tightens"),
        ("guardrail_alpha: 5%", "guardrail_alpha: 10%", "loosens"),
        ("mde: 45bps", "mde: 90bps", "neutral"),
    ],
)  # fmt: skip
def test_effects(old: str, new: str, effect: str) -> None:
    assert {each.effect for each in changed((old, new))} == {effect}


def test_removing_a_safeguard_loosens() -> None:
    for key in ("canary", "holdout", "rollback", "escalation", "readouts"):
        assert [each.effect for each in changes(PLAN, plan_of(without(VALUE, (key,))))] == ["loosens"], key


def test_saying_why_there_is_none_is_no_safeguard() -> None:
    bare = plan_of(without(VALUE, ("holdout",)))
    (excused,) = changes(bare, plan_of({**VALUE, "holdout": {"none": "too few users"}}))
    assert excused.effect == "neutral"


@pytest.mark.parametrize(
    ("declared", "is_covered"),
    [
        ("/guardrail_metrics/refund_rate/non_inferiority_margin", True),
        ("/guardrail_metrics/0/non_inferiority_margin", True),
        ("guardrail_metrics.refund_rate.non_inferiority_margin", True),
        ("/guardrail_metrics/refund_rate", True),
        ("guardrail_metrics", True),
        (" /guardrail_metrics/ ", True),
        ("/guardrail_metrics/1", False),
        ("/guardrail", False),
        ("/guardrail_metrics/refund_rate/non_inferiority_margin/x", False),
        ("/", False),
        ("", False),
        (".", False),
    ],
)
def test_an_amendment_declares_a_field_or_what_contains_it(declared: str, is_covered: bool) -> None:
    assert covers(declared, only(("non_inferiority_margin: 8%", "non_inferiority_margin: 15%"))) is is_covered


AMENDMENT = (
    '  - {on: 2023-01-30, reason: r, approver: "@a", data_access: results_seen, changes: [/primary_metric]}\n'
)


def amended(line: str) -> tuple[str, str]:
    return "amendments:\n", f"amendments:\n{line}"


def test_only_amendments_of_the_change_itself_declare_it() -> None:
    before, after = plan(amended(AMENDMENT)), plan(amended(AMENDMENT), ("mde: 45bps", "mde: 60bps"))
    assert names_of(undeclared(before, after)) == ["/primary_metric/mde"]
    assert undeclared(PLAN, after) == []
    assert added_amendments(PLAN, after) == [0]
    assert added_amendments(before, after) == []
    assert [each.reason for each in vanished_amendments(after, PLAN)] == ["r"]


def test_what_tightens_needs_no_amendment_and_what_is_neutral_does() -> None:
    assert undeclared(PLAN, plan(("share: 10%", "share: 12%"))) == []
    assert names_of(undeclared(PLAN, plan(("@pdp-oncall", "@web-oncall")))) == ["/rollback/owner"]


@pytest.mark.parametrize(
    ("fields", "is_exploratory"),
    [
        ("data_access: results_seen, changes: [/schedule/end]", True),
        ("data_access: results_seen, changes: [schedule.end]", True),
        ("data_access: results_seen", True),
        ("data_access: results_seen, changes: [/ramp]", True),
        ("data_access: results_seen, changes: [/ramp], effect: loosens", True),
        ("data_access: results_seen, changes: [/ramp], effect: tightens", False),
        ("data_access: results_seen, changes: [/ramp, /schedule], effect: tightens", True),
        ("data_access: results_seen, changes: [/title, /owner/contact]", False),
        ("data_access: results_seen, changes: [/never_heard_of]", True),
        ("data_access: no_results_seen, changes: [/schedule/end]", False),
        ("data_access: nothing_run, changes: [/schedule/end]", False),
    ],
)
def test_what_makes_an_analysis_exploratory(fields: str, is_exploratory: bool) -> None:
    found = exploratory_amendments(plan(amended(f"  - {{on: 2023-01-30, {fields}}}\n")))
    assert [position for position, _ in found] == ([0] if is_exploratory else [])


def test_the_day_to_which_a_date_moves_is_the_plans_own() -> None:
    late = ("end: 2023-02-06T08:00:00-08:00", "end: 2023-02-01T07:00:00Z")
    assert str(moved_day(only(late), plan(late))) == "2023-01-31"
    assert moved_day(only(("mde: 45bps", "mde: 60bps")), PLAN) is None
