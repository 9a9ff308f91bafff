"""What an entry of the baseline still suppresses, and on which terms a waiver is judged: every condition by itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from egp.check.suppressions import Before, SharedSuppressions, has_begun, terms_of
from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment, read_experiment
from egp.policy.model import Adopted, Policy
from egp.policy.reading import read_policy
from egp.policy.scope import NO_TRAITS
from egp.policy.timing import Timing
from egp.record.waivers.baseline import BaselineEntry, FindingKey, baseline_of
from egp.record.waivers.grant import LONGEST, GrantTerms
from egp.rules.rule_inputs import Change
from egp.stats.values import replace
from egp.yaml import read_text
from tests.check.workspace import AS_OF, PLAN

RULE = "minimum-runtime"
FOUND = FindingKey("buy-now", RULE, "/schedule/end")


def adopted_by(folder: Path, text: str) -> tuple[Policy, list[Adopted]]:
    (folder / "egp.yaml").write_text(text, encoding="utf-8")
    policy = read_policy(str(folder / "egp.yaml"), "egp.yaml")
    return policy, list(policy.adopted("", NO_TRAITS, Timing(AS_OF)).alone)


def lapsed(entry: BaselineEntry, terms: GrantTerms, rules: list[Adopted], before: Before | None = None) -> str:  # fmt: skip
    shared = SharedSuppressions(baseline=baseline_of([entry]), before=before)
    (excuse,) = shared.excuses("buy-now", terms, rules)
    known = before.baseline if before else None
    assert excuse.is_new is (before is not None and entry.found not in (known or {}))
    return excuse.lapsed


@pytest.mark.parametrize(
    ("waivable", "recorded", "now", "has_begun", "says"),
    [
        (True, "", "v1:a", False, ""),
        (True, "v1:b", "v1:a", False, ""),
        (False, "", "v1:a", True, "was waivable when this was recorded, and is not"),
        (False, "v1:b", "v1:a", True, "the plan has changed since it was recorded"),
        (False, "v1:a", "v1:a", False, "the plan has not begun"),
        (False, "v1:a", "v1:a", True, ""),
    ],
)
def test_what_is_not_waivable_is_excused_of_a_plan_that_runs_as_it_was_recorded(
    tmp_path: Path, waivable: bool, recorded: str, now: str, has_begun: bool, says: str
) -> None:
    setting = f"rules: {{{RULE}: {{severity: error, waivable: {str(waivable).lower()}}}}}\n"
    _, rules = adopted_by(tmp_path, setting)
    terms = GrantTerms("buy-now", AS_OF, digest=now, has_begun=has_begun)
    found = lapsed(BaselineEntry(0, FOUND, 1, recorded), terms, rules)
    assert says in found
    assert bool(found) is bool(says)


@pytest.mark.parametrize(
    ("family", "is_excused"), [("runtime", True), ("document", False), ("waivers", False), (None, True)]
)
def test_some_families_are_never_excused_and_a_rule_that_is_not_in_force_finds_nothing(
    family: str | None, is_excused: bool
) -> None:
    families = {RULE: family} if family else {}
    terms = GrantTerms("buy-now", AS_OF, digest="v1:a", families=families)
    found = lapsed(BaselineEntry(0, FOUND, 1, ""), terms, [])
    assert found == ("" if is_excused else f"no baseline suppresses what {RULE} finds")


@pytest.mark.parametrize(
    ("recorded", "at_base", "says"),
    [
        ("", None, ""),
        ("v1:a", None, ""),
        ("", "", "the base has no such plan"),
        ("v1:a", "", "the base has no such plan"),
        ("", "v1:b", ""),
        ("v1:a", "v1:a", ""),
        ("v1:a", "v1:b", "the plan is not as the base has it"),
    ],
)
def test_the_first_baseline_is_about_what_the_base_has(recorded: str, at_base: str | None, says: str) -> None:
    terms = GrantTerms("buy-now", AS_OF, digest="v1:a", at_base=at_base)
    found = lapsed(BaselineEntry(0, FOUND, 1, recorded), terms, [], Before({}, None))
    assert found.startswith(says)
    assert bool(found) is bool(says)


@pytest.mark.parametrize(
    ("name", "rule", "at_base", "is_excused"),
    [
        ("buy-now", "rollout-split", "", False),
        ("buy-now", "rollout-split", None, True),
        ("buy-now", "rollout-split", "v1:a", True),
        ("", "unplanned-rollout", None, True),
        ("", "unplanned-rollout", "", True),  # beside a new plan that has no id
    ],
)
def test_the_first_baseline_excuses_flags_without_a_plan_and_those_of_a_new_plan_never(
    name: str, rule: str, at_base: str | None, is_excused: bool
) -> None:
    entry = BaselineEntry(0, FindingKey(name, rule, "/rollouts/production/pdp"), 1, "")
    shared = SharedSuppressions(baseline=baseline_of([entry]), before=Before({}, None))
    (excuse,) = shared.excuses(name, GrantTerms(name, AS_OF, digest="v1:a", at_base=at_base), [])
    assert excuse.lapsed == (
        "" if is_excused else "the base has no such plan, and a baseline is for what was there before it"
    )


@pytest.mark.parametrize(
    ("before", "is_grown"),
    [
        ((1, ""), False),
        ((2, ""), False),
        ((0, ""), True),
        ((1, "v1:a"), True),
        (None, True),
    ],
)
def test_a_later_baseline_only_shrinks(before: tuple[int, str] | None, is_grown: bool) -> None:
    known = {FOUND: BaselineEntry(0, FOUND, *before)} if before else {}
    found = lapsed(BaselineEntry(0, FOUND, 1, ""), GrantTerms("buy-now", AS_OF), [], Before({}, known))
    assert found == ("it is new since the base, and a baseline only shrinks" if is_grown else "")


def experiment(text: str = PLAN) -> Experiment:
    plan, problems = read_experiment(read_text(text)[0].value)
    assert not problems
    return plan


@pytest.mark.parametrize(
    ("text", "day", "begun"),
    [
        (PLAN, date(2023, 1, 22), False),
        (PLAN, date(2023, 1, 23), True),
        (PLAN.replace("start: 2023-01-23, ", ""), date(2030, 1, 1), False),
    ],
)
def test_a_plan_has_begun_on_the_day_of_its_first_unit(text: str, day: date, begun: bool) -> None:
    assert has_begun(experiment(text), day) is begun


@pytest.mark.parametrize(
    ("under_base", "has_before", "root", "ref", "at_base"),
    [
        (False, True, "", "", None),
        (True, True, "", "", "digest"),
        (True, False, "", "", ""),
        (True, True, "/repository", "", None),  # the policy is as new as the plan
        (True, True, "/repository", "main", "digest"),
        (False, False, "/repository", "main", None),
    ],
)
def test_the_base_has_a_digest_of_the_plan_where_its_own_policy_judges(
    tmp_path: Path, under_base: bool, has_before: bool, root: str, ref: str, at_base: str | None
) -> None:
    policy, rules = adopted_by(tmp_path, f"rules: {{{RULE}: {{severity: error}}}}\n")
    before = experiment(PLAN.replace("01-23", "01-24"))
    change = Change(experiment(), before if has_before else None, None, AS_OF, under_base=under_base)
    terms = terms_of(change, "v1:a", rules, replace(policy, root=root, ref=ref))
    assert terms.at_base == (plan_digest(before) if at_base == "digest" else at_base)
    assert (terms.earlier is None) is not under_base


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", {"approvers": (), "longest": LONGEST, "attested_by": ""}),
        ("waivers: {approvers: [lead], attested_by: lock, longest: 9d}\n", {"approvers": ("lead",), "attested_by": "lock"}),
        ("waivers: {approvers: [lead]}\n", {"longest": LONGEST, "attested_by": ""}),
    ],
)  # fmt: skip
def test_the_terms_are_those_of_the_policy(tmp_path: Path, written: str, expected: dict[str, Any]) -> None:
    rules = f"{RULE}: {{severity: error, waivable: false}}, deleted-while-running: {{severity: error}}, whole-weeks: {{severity: info}}"  # fmt: skip
    policy, adopted = adopted_by(tmp_path, f'roles: {{lead: ["@xp-lead"]}}\n{written}rules: {{{rules}}}\n')
    plan = experiment(PLAN + 'owner: {dri: "@pdp-pm"}\n')
    terms = terms_of(Change(plan, None, None, AS_OF), "v1:a", adopted, policy)
    assert {name: getattr(terms, name) for name in expected} == {
        name: tuple(value) if isinstance(value, tuple) else value for name, value in expected.items()
    }
    assert (terms.longest == LONGEST) is ("longest" not in written)
    assert terms.owner == "@pdp-pm"
    known = {RULE: False, "whole-weeks": True, "deleted-while-running": False, "waiver-valid": False}
    assert {name: terms.rules[name] for name in known} == known
    nobody = terms_of(Change(experiment(), None, None, AS_OF), "v1:a", adopted, policy)
    assert nobody.owner == ""
