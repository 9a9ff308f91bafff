"""Whoever does what a diagnostic says has a plan that passes: on the rejected examples, word for word."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from pathlib import Path as FilePath
from typing import Any

import pytest

from egp.check import check
from egp.plan.finding import Diagnostic, Finding
from egp.plan.remedy import FREE
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.rules.rule import Rule, index
from egp.yaml import Span, read_file
from egp.yaml.edits import EditError
from tests.rules.advice import Option, applied, options
from tests.rules.examples import all_rules, documents_of, run_example

EXAMPLES = FilePath(__file__).parents[2] / "examples"
REJECTED = sorted((EXAMPLES / "rejected").rglob("*.yaml"))
FAMILIES = frozenset(("document", "runtime", "ramp", "rollback", "governance", "integrity"))
AS_OF = date(2023, 8, 30)


def judged(root: FilePath) -> list[Diagnostic]:
    policy = read_policy(str(root / "egp.yaml"), "egp.yaml")
    finder = PlanFinder(str(root), policy.plans, policy.root)
    return check(finder.asked(["rejected"]), finder, policy, AS_OF).diagnostics


@cache
def rejections() -> list[Diagnostic]:
    return judged(EXAMPLES)


def of_file(name: str) -> list[Diagnostic]:
    """What the families say of an example."""
    return [
        each
        for each in rejections()
        if each.place.path.endswith(f"rejected/{name}") and index()[each.rule].family in FAMILIES
    ]


def names(path: FilePath) -> str:
    return path.relative_to(EXAMPLES / "rejected").as_posix()


def value_of(name: str) -> dict[str, Any]:
    value = read_file(EXAMPLES / "rejected" / name)[0].value
    assert isinstance(value, dict)
    return value


def judged_again(plan: dict[str, Any], name: str, folder: FilePath) -> list[Diagnostic]:
    (folder / "egp.yaml").write_text((EXAMPLES / "egp.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / "rejected" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plan), encoding="utf-8")
    return judged(folder)


WAYS_OUT = [
    pytest.param(names(path), diagnostic, number, id=f"{names(path)}-{diagnostic.rule}-{number}")
    for path in REJECTED
    for diagnostic in of_file(names(path))
    for number in range(len(options(diagnostic)))
]


@pytest.mark.parametrize(("name", "diagnostic", "number"), WAYS_OUT)
def test_each_way_out_leads_out(name: str, diagnostic: Diagnostic, number: int, tmp_path: FilePath) -> None:
    plan = applied(value_of(name), options(diagnostic)[number])
    known = {each.message for each in rejections() if each.place.path.endswith(f"rejected/{name}")}
    left = [each for each in judged_again(plan, name, tmp_path) if index()[each.rule].family in FAMILIES]
    assert not [each for each in left if each.rule == diagnostic.rule and each.message == diagnostic.message]
    assert not [each for each in left if each.message not in known], "what is advised breaks nothing else"


@pytest.mark.parametrize("path", REJECTED, ids=names)
def test_the_advice_on_one_plan_is_of_one_mind(path: FilePath, tmp_path: FilePath) -> None:
    plan = value_of(names(path))
    literal = [each for each in of_file(names(path)) if options(each)]
    for diagnostic in literal:
        plan = applied(plan, options(diagnostic)[0])
    rules = {diagnostic.rule for diagnostic in literal}
    assert not [each.message for each in judged_again(plan, names(path), tmp_path) if each.rule in rules]


RULES = [rule for rule in all_rules() if rule.input_type in ("Experiment", "PlanFile")]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_a_page_advises_breaks_nothing_else(rule: Rule, tmp_path: FilePath) -> None:
    """All failing examples of all rules, each way out applied as it stands."""
    (tmp_path / "egp.yaml").write_text('extends: ["egp:standard"]\nplans: ["plan.yaml"]\n', encoding="utf-8")
    policy = read_policy(str(tmp_path / "egp.yaml"), "egp.yaml")
    finder = PlanFinder(str(tmp_path), policy.plans, policy.root)

    def errors(plan: object) -> tuple[dict[str, str], set[str]]:
        source = finder.piped(json.dumps(plan).encode(), "plan.yaml")
        report = check([source], finder, policy, date(2023, 1, 18))
        found = {each.rule: each.message for each in report.diagnostics if each.severity == "error"}
        return found, {*found, *(each.rule for each in report.unchecked)}

    for example in rule.page.examples:
        if example.outcome != "fails" or example.whole_file:
            continue
        plan = documents_of(rule, example)[0].value
        assert isinstance(plan, dict)
        _, open_before = errors(plan)
        for finding in run_example(rule, example).findings:
            for way_out in _complete_ways_out(rule.id, finding):
                try:
                    after = applied(plan, way_out)
                except EditError:
                    continue  # people can make it
                new = {name: message for name, message in errors(after)[0].items() if name not in open_before}
                assert new == {}, f"{finding.advice.text}: {new}"


def _complete_ways_out(rule_id: str, finding: Finding) -> list[Option]:
    """Those that ask for nothing in words beside the settings: no condition, no longer run.

    Whatever an ambiguous quantity is meant to be, rules may object to it.
    """
    if (
        isinstance(finding.at, Span)
        or re.search("run (longer|until|for more)", finding.advice.text)
        or rule_id == "ambiguous-quantity"
    ):
        return []
    return [
        each.edits
        for each in finding.advice.remedies
        if each.edits and each.price == FREE and not each.repair
    ]


def test_most_advice_is_literal() -> None:
    said = [each for path in REJECTED for each in of_file(names(path))]
    assert len(WAYS_OUT) >= len(said) >= 15
