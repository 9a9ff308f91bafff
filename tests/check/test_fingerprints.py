"""Fingerprints: what a baseline remembers a finding by."""

from __future__ import annotations

from egp.plan.finding import Diagnostic
from tests.check.workspace import PLAN, SHORT, Workspace

ABOUT_VARIANTS = """
def check(plan: 'Experiment'):
    for at, variant in enumerate(plan.variants):
        if variant.description is None:
            yield Finding(('variants', at, 'description'), f'{variant.id} is not described')
            yield Finding(('variants', at, 'description'), f'{variant.id} is really not described')
"""


def diagnostics(workspace: Workspace, *plans: str) -> list[Diagnostic]:
    workspace.write(
        "egp.yaml", "rules: {about-variants: {severity: error}, minimum-runtime: {severity: error}}\n"
    )
    names = [f"plan-{number}.yaml" for number in range(len(plans))]
    for name, plan in zip(names, plans, strict=True):
        workspace.write(name, plan)
    return workspace.report(*names).diagnostics


def by_message(found: list[Diagnostic]) -> dict[str, str]:
    return {each.message: each.fingerprint for each in found}


def test_a_fingerprint_survives_moved_lines_and_reordered_items(workspace: Workspace) -> None:
    workspace.rule("about-variants", ABOUT_VARIANTS)
    first, second = PLAN.splitlines(keepends=True)[3:5]
    before = by_message(diagnostics(workspace, SHORT))
    moved = "# a comment\n\n" + SHORT.replace(first + second, second + first)
    after = by_message(diagnostics(workspace, moved))
    assert len(before) == 5
    assert after == before


def test_a_fingerprint_survives_another_file_name(workspace: Workspace) -> None:
    workspace.rule("about-variants", ABOUT_VARIANTS)
    (before, *_) = diagnostics(workspace, SHORT)
    (*_, after) = diagnostics(workspace, PLAN.replace("buy-now", "other"), SHORT)
    assert (before.rule, after.rule) == ("about-variants", "minimum-runtime")
    assert {each.fingerprint for each in diagnostics(workspace, SHORT)} == {
        each.fingerprint for each in workspace.report("plan-0.yaml").diagnostics
    }


def test_fingerprints_of_different_findings_differ(workspace: Workspace) -> None:
    workspace.rule("about-variants", ABOUT_VARIANTS)
    found = diagnostics(workspace, SHORT, SHORT.replace("buy-now", "other"))
    assert len({each.fingerprint for each in found}) == len(found) == 10


def test_plans_without_an_id_are_told_apart(workspace: Workspace) -> None:
    workspace.rule("about-variants", ABOUT_VARIANTS)
    nameless = SHORT.replace("id: buy-now\n", "")
    found = diagnostics(workspace, nameless, nameless)
    assert len({each.fingerprint for each in found}) == len(found) == 12


def test_a_fingerprint_does_not_depend_on_what_the_message_says(workspace: Workspace) -> None:
    workspace.rule("about-variants", ABOUT_VARIANTS)
    runtime = [
        each
        for each in diagnostics(workspace, SHORT, SHORT.replace("01-27", "01-28"))
        if each.rule == "minimum-runtime"
    ]
    assert runtime[0].message != runtime[1].message
    assert runtime[0].fingerprint == runtime[1].fingerprint
