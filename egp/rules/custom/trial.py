"""Trying rules on changes to a sound plan, as the tests of a custom rule describe them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache

import egp.rules.rule
from egp.plan.finding import DoesNotApply, NotChecked
from egp.rules.custom.file import CustomTest
from egp.rules.custom.own_rule import OwnRule
from egp.rules.rule import Params
from egp.rules.rule_inputs import Organisation, WrittenPlan
from egp.stats.values import NamedTuple
from egp.yaml import Path, Span, pointer, read_file


class Trial(NamedTuple):
    """What a rule said of the plan of one of its tests."""

    rule: OwnRule
    test: CustomTest
    line: int
    """Where the test stands in the policy."""
    said: str
    """"passes", "fails", "not_checked" or "does_not_apply"."""
    places: tuple[str, ...]
    """Pointers of the findings, or of the missing input."""

    @property
    def succeeded(self) -> bool:
        return self.said == self.test.expect and (self.test.at is None or self.test.at in self.places)


def trials(rules: Iterable[OwnRule]) -> Iterator[Trial]:
    """Every test of the rules, run. Raises Refused for a rule that cannot judge."""
    for rule in rules:
        for position, test in enumerate(rule.tests):
            line = rule.document.span((*rule.at, "tests", position)).start.line
            yield Trial(rule, test, line, *_said(rule, test))


def _said(rule: OwnRule, test: CustomTest) -> tuple[str, tuple[str, ...]]:
    changed = merged(sound_plan().value, test.plan or {})
    assert isinstance(changed, dict)
    try:
        found = list(rule.check(WrittenPlan(changed), Params(), Organisation(test.tier or "")))
    except DoesNotApply:
        return "does_not_apply", ()
    except NotChecked as missing:
        return "not_checked", (pointer(missing.path),)
    return ("fails" if found else "passes"), tuple(_pointer(finding.at) for finding in found)


def _pointer(at: Path | Span) -> str:
    return "" if isinstance(at, Span) else pointer(at)


@cache
def sound_plan() -> WrittenPlan:
    """A plan that passes every shipped rule."""
    value = read_file(os.path.join(os.path.dirname(egp.rules.rule.__file__), "sound_plan.yaml"))[0].value
    assert isinstance(value, dict)
    return WrittenPlan(value)


def merged(target: object, patch: object) -> object:
    """A JSON merge patch, applied; a mapping merged into a list addresses its items by position.

    Raises ValueError or IndexError for a position that the list does not have.
    """
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
