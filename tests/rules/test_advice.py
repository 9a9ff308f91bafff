"""Whoever does what a diagnostic says has a plan that passes: on the rejected examples, word for word."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path as FilePath
from typing import Any

import pytest

from egp.check import check
from egp.document import Path, parse_pointer, read_file
from egp.finding import Diagnostic
from egp.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.rule import index
from tests.rules.advice import applied, options

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
        if each.place.path.endswith(f"rejected/{name}") and index()[each.rule][0] in FAMILIES
    ]


def at(diagnostic: Diagnostic) -> Path:
    name = diagnostic.place.path.partition("rejected/")[2]
    place = parse_pointer(diagnostic.place.pointer, value_of(name))
    return (*place, diagnostic.missing) if diagnostic.missing else place


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
    for number in range(len(options(diagnostic.help, at(diagnostic))))
]


@pytest.mark.parametrize(("name", "diagnostic", "number"), WAYS_OUT)
def test_each_way_out_leads_out(name: str, diagnostic: Diagnostic, number: int, tmp_path: FilePath) -> None:
    plan = applied(value_of(name), options(diagnostic.help, at(diagnostic))[number])
    known = {each.message for each in rejections() if each.place.path.endswith(f"rejected/{name}")}
    left = [each for each in judged_again(plan, name, tmp_path) if index()[each.rule][0] in FAMILIES]
    assert not [each for each in left if each.rule == diagnostic.rule and each.message == diagnostic.message]
    assert not [each for each in left if each.message not in known], "what is advised breaks nothing else"


@pytest.mark.parametrize("path", REJECTED, ids=names)
def test_the_advice_on_one_plan_is_of_one_mind(path: FilePath, tmp_path: FilePath) -> None:
    plan = value_of(names(path))
    literal = [each for each in of_file(names(path)) if options(each.help, at(each))]
    for diagnostic in literal:
        plan = applied(plan, options(diagnostic.help, at(diagnostic))[0])
    rules = {diagnostic.rule for diagnostic in literal}
    assert not [each.message for each in judged_again(plan, names(path), tmp_path) if each.rule in rules]


def test_most_advice_is_literal() -> None:
    said = [each for path in REJECTED for each in of_file(names(path))]
    assert len(WAYS_OUT) >= len(said) >= 15
