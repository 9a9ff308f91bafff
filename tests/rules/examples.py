"""Runs the examples on the rules' pages: each is a change to the sound plan, or a file of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path as FilePath

from egp.document import Document, pointer, read_text
from egp.experiment import Experiment, read_experiment
from egp.finding import Finding, NotChecked
from egp.policy.params import read_params
from egp.quantity import interval
from egp.rule import Example, Rule, index, load
from egp.shape import Problem
from egp.subject import Change, Organisation, PlanFile, Portfolio, PortfolioIndex, entry_of

SOUND_PLAN = FilePath(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml"
CONTEXT_KEYS = ("tier", "roles", "calendars", "as_of", "registered")


@dataclass(frozen=True)
class Outcome:
    findings: list[Finding]
    not_checked: str | None


@cache
def sound_text() -> str:
    return SOUND_PLAN.read_text(encoding="utf-8")


def sound_value() -> dict[str, object]:
    value = read_text(sound_text())[0].value
    assert isinstance(value, dict)
    return value


def merged(target: object, patch: object) -> object:
    """JSON merge patch; a mapping merged into a list addresses its items by position."""
    if isinstance(patch, dict) and isinstance(target, list):
        items = list(target)
        for position, item in patch.items():
            items[int(position)] = merged(items[int(position)], item)
        return items
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, item in patch.items():
        if item is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), item)
    return result


def plan_of(value: object) -> Experiment:
    return read_experiment(value)[0]


def documents_of(example: Example) -> list[Document]:
    patches = read_text(example.text)
    if example.whole_file:
        return patches
    values = [merged(sound_value(), patch.value) for patch in patches]
    for position, value in enumerate(values[1:], start=1):
        if (
            isinstance(value, dict)
            and value.get("id") == "sound-plan"
            and "id" not in _keys(patches[position])
        ):
            value["id"] = f"other-plan-{position}"
    return [read_text(json.dumps(value, indent=1, ensure_ascii=False))[0] for value in values]


def _keys(document: Document) -> dict[str, object]:
    return document.value if isinstance(document.value, dict) else {}


def run_example(rule: Rule, example: Example) -> Outcome:
    context = read_text(f"{{{example.context}}}")[0].value if example.context else {}
    assert isinstance(context, dict)
    problems: list[Problem] = []
    params = read_params(rule, {k: v for k, v in context.items() if k not in CONTEXT_KEYS}, (), problems)
    assert not problems, problems
    subject = subject_of(rule, documents_of(example), context)
    arguments = [subject, params, organisation_of(context)][: rule.takes]
    try:
        return Outcome(list(rule.check(*arguments)), None)
    except NotChecked as missing:
        return Outcome([], pointer(missing.path))


def organisation_of(context: dict[str, object]) -> Organisation:
    calendars = context.get("calendars", {})
    roles = context.get("roles", {})
    assert isinstance(calendars, dict)
    assert isinstance(roles, dict)
    return Organisation(
        tier=str(context.get("tier", "")),
        roles={role: tuple(holders) for role, holders in roles.items()},
        calendars={name: tuple(map(interval, days)) for name, days in calendars.items()},
    )


def subject_of(rule: Rule, documents: list[Document], context: dict[str, object]) -> object:
    document = documents[0]
    if rule.subject == "Document":
        return document
    plan, problems = read_experiment(document.value)
    if rule.subject == "PlanFile":
        return PlanFile(document, plan, tuple(problems))
    if rule.subject == "Portfolio":
        entries = [entry_of(plan_of(other.value), f"plan-{at}.yaml", 0) for at, other in enumerate(documents)]
        return Portfolio(entries[0], PortfolioIndex(entries))
    if rule.subject == "Change":
        as_of = date.fromisoformat(str(context.get("as_of", "2023-01-17")))
        registered = context.get("registered")
        on = date.fromisoformat(str(registered)) if registered else plan.registered
        return Change(plan, None, on, as_of)
    return plan


def all_rules() -> list[Rule]:
    return [load(rule_id) for rule_id in index()]
