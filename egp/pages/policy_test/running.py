"""Running a test: the plan is judged by the one pipeline, far from any repository."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from egp.check import check
from egp.output.report.model import Report
from egp.pages.policy_test.reading import ReadTest
from egp.plan.analysis.registered_test import ANALYSIS
from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.finding import Diagnostic
from egp.policy.layers import OFF, SHADOW, Layer, Origin, SettingValue
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder
from egp.record.lock import PinnedPolicy, Registration, Signed, made
from egp.rules.custom.trial import merged, sound_plan
from egp.stats.values import replace

NOWHERE = "/nowhere"
"""Where plans of tests lie: no lock, waiver or other plan of a repository takes part."""

USUAL_PATH = "experiments/plan.yaml"
USUAL_DAY = date(2023, 1, 17)
"""The day on which the sound plan is registered."""

_OWN_DIGEST = "plan"
"""What a waiver of a test writes for the digest of the plan that it is in."""

Found = tuple[str, str, str]
"""Rule, pointer and severity of a finding."""


@dataclass(frozen=True, slots=True)
class PolicySaid:
    """What a policy said of the plan of a test."""

    found: frozenset[Found]
    unchecked: frozenset[str]
    """Rules that could not run."""
    failures: tuple[str, ...]
    """What kept egp from judging."""

    def of(self, rule_id: str) -> frozenset[Found]:
        return frozenset(each for each in self.found if each[0] == rule_id)


class Bench:
    """Runs tests, each plan written once."""

    def __init__(self) -> None:
        self._written: dict[int, tuple[bytes, Experiment]] = {}

    def said(self, case: ReadTest, policy: Policy) -> PolicySaid:
        """What the policy says of the plan of a test."""
        content, plan = self._plan(case)
        test = case.test
        if case.settings.settings:
            policy = _on_top(case.settings, policy)
        if test.alone:
            policy = _by(test.alone, policy)
        if test.tier:
            policy = replace(policy, tiers=(("*", test.tier),), _adopted={}, _organisations={})
        finder = PlanFinder(NOWHERE, (), NOWHERE)
        source = finder.piped(content, test.path or USUAL_PATH)
        lock = {plan.name: _registration(plan, test.registered, source.shown)} if test.registered else None
        judge = replace(policy, root="", plans=())
        return _said(check([source], finder, judge, test.as_of or USUAL_DAY, lock=lock))

    def _plan(self, case: ReadTest) -> tuple[bytes, Experiment]:
        if case.number not in self._written:
            values = [_merged(case.test.plan or {})]
            for number, patch in enumerate(case.test.others, start=1):
                named = patch if isinstance(patch, dict) else {}
                values.append(_merged({"id": f"other-plan-{number}", **named}))
            text = "\n---\n".join(json.dumps(value, indent=1, ensure_ascii=True) for value in values)
            self._written[case.number] = text.encode(), read_experiment(values[0])[0]
        return self._written[case.number]


def _by(rule_id: str, policy: Policy) -> Policy:
    """The policy without its other rules."""
    off = {"severity": SettingValue(OFF, Origin("test", 0))}
    return _on_top(Layer("test", {each: off for each in policy.catalogue if each != rule_id}), policy)


def _on_top(layer: Layer, policy: Policy) -> Policy:
    """The policy with a layer that wins over all others."""
    scopes = tuple(scope._replace(layers=(*scope.layers, layer)) for scope in policy.scopes)
    return replace(policy, layers=(*policy.layers, layer), scopes=scopes, _adopted={})


def _merged(patch: object) -> dict[str, Any]:
    value = merged(sound_plan().value, patch)
    assert isinstance(value, dict)
    waivers = value.get("waivers")
    if isinstance(waivers, list) and any(isinstance(each, dict) for each in waivers):
        digest = plan_digest(read_experiment(value)[0])
        value["waivers"] = [
            {**each, "digest": digest}
            if isinstance(each, dict) and each.get("digest") == _OWN_DIGEST
            else each
            for each in waivers
        ]
    return value


def _registration(plan: Experiment, registered: date, path: str) -> Registration:
    """The plan's entry in the lock, as `egp register` writes it."""
    return made(
        Registration,
        path=path,
        digest=plan_digest(plan),
        registered=registered,
        analysis=ANALYSIS,
        policy=made(PinnedPolicy, name="policy", digest=""),
        signed=tuple(made(Signed, role=each.role, by=each.by, on=each.on) for each in plan.sign_offs or ()),
    )


def _said(report: Report) -> PolicySaid:
    first = [each for each in report.diagnostics if each.place.document == 0]
    shadow = [each for each in report.shadow if each.place.document == 0]
    return PolicySaid(
        frozenset(
            [(each.rule, _pointer(each), each.severity) for each in first if each.waiver is None]
            + [(each.rule, _pointer(each), SHADOW) for each in shadow]
        ),
        frozenset(each.rule for each in report.unchecked if each.document == 0),
        tuple(each.message for each in report.failures),
    )


def _pointer(diagnostic: Diagnostic) -> str:
    """What the finding is about, a key included that the plan lacks."""
    pointer, missing = diagnostic.place.pointer, diagnostic.missing
    return f"{pointer}/{missing.replace('~', '~0').replace('/', '~1')}" if missing else pointer


def objections(case: ReadTest, said: PolicySaid) -> list[str]:
    """Why the test fails; empty when it succeeds."""
    return [*said.failures, *_missed(case, said), *_unexpected(case, said)]


def _missed(case: ReadTest, said: PolicySaid) -> Iterator[str]:
    for each in case.expected:
        of_rule = said.of(each.rule or "")
        if not any(at == each.at and each.severity in (None, severity) for _, at, severity in of_rule):
            weighed = f" of severity {each.severity}" if each.severity else ""
            yield f"{each.rule} was to find {each.at or 'the plan'}{weighed}, and {_phrase(each.rule or '', said)}"


def _unexpected(case: ReadTest, said: PolicySaid) -> Iterator[str]:
    for rule_id in case.test.passes:
        if said.of(rule_id) or rule_id in said.unchecked:
            yield f"{rule_id} was to pass, and {_phrase(rule_id, said)}"
    if case.expects_nothing:
        rules = sorted({rule_id for rule_id, _, _ in said.found} | said.unchecked)
        for rule_id in rules:
            yield f"nothing was to be found, and {_phrase(rule_id, said)}"
    expected = {(each.rule, each.at) for each in case.expected}
    for rule_id in dict.fromkeys(each.rule or "" for each in case.expected):
        others = sorted(at for _, at, _ in said.of(rule_id) if (rule_id, at) not in expected)
        if others:
            yield f"{rule_id} was not to find {', '.join(others)}"


def _phrase(rule_id: str, said: PolicySaid) -> str:
    found = sorted(f"{at or 'the plan'} ({severity})" for _, at, severity in said.of(rule_id))
    if found:
        return f"{rule_id} finds {', '.join(found)}"
    return f"{rule_id} is not checked" if rule_id in said.unchecked else f"{rule_id} finds nothing"


def relevant(cases: Sequence[ReadTest], rule_id: str) -> list[ReadTest]:
    """The tests that have a say about a rule, those that are about few rules first: they are quicker."""
    return sorted((case for case in cases if case.names(rule_id)), key=lambda case: case.expects_nothing)
