"""What the gate found to be wrong, explained to those who read no statistics, and to those who do."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import filterfalse
from typing import TYPE_CHECKING

from egp.pages.brief.agreed import stop_rule_in_words
from egp.plan.quantity import shown
from egp.plan.wording import listing
from egp.rules.gate_check import load

if TYPE_CHECKING:
    from egp.gate.reading import Reading
    from egp.pages.brief.scene import Scene

SAFETY = ("stop-rule", "limit", "guardrail")


def tripped(scene: Scene) -> list[str]:
    """Guardrails that are harmed and stop rules that fired; each once."""
    return _phrase(scene, filter(_has_tripped, _open(scene)), scene.for_executives)


def tripped_plainly(scene: Scene) -> list[str]:
    """The same for everybody, whoever reads the rest of the page."""
    return _phrase(scene, filter(_has_tripped, _open(scene)), True)


def open_otherwise(scene: Scene) -> list[str]:
    """What else keeps the gate from saying proceed."""
    return _phrase(scene, filterfalse(_has_tripped, _open(scene)), scene.for_executives)


def first_reason(scene: Scene) -> str:
    """Why the gate says what it says, in plain words; empty where nothing is open."""
    return next(iter(_phrase(scene, _open(scene), True)), "")


def tripped_metrics(scene: Scene) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.metric for each in _open(scene) if _has_tripped(each)))


def _has_tripped(reading: Reading) -> bool:
    return reading.check in SAFETY and reading.state == "fail"


def _open(scene: Scene) -> list[Reading]:
    """The readings that do not pass, those that made the verdict first."""
    if scene.judgement is None:
        return []
    decision = scene.judgement.decision
    others = [each for each in decision.readings if not each.passed and each not in decision.reasons]
    return [*decision.reasons, *others]


def _phrase(scene: Scene, readings: Iterable[Reading], in_plain_words: bool) -> list[str]:
    found = list(readings)
    if in_plain_words:
        fired = {each.metric for each in found if each.check == "stop-rule" and each.state == "fail"}
        found = [each for each in found if each.check != "guardrail" or each.metric not in fired]
    return list(dict.fromkeys(plainly(scene, each) if in_plain_words else each.message for each in found))


def plainly(scene: Scene, reading: Reading) -> str:
    """A reading in words for people who read no statistics."""
    metric = shown(reading.metric)
    if reading.check == "stop-rule" and reading.state == "fail":
        rules = [rule for rule in scene.plan.stop_rules if rule.metric == reading.metric]
        agreed = f" ({listing(map(stop_rule_in_words, rules), 'or')})" if rules else ""
        return f"the agreed stop rule on {metric} has fired{agreed}"
    if reading.check == "limit" and reading.state == "fail":
        return f"{metric} is beyond its limit, {reading.required}"
    if reading.check == "guardrail" and reading.state == "fail":
        return f"{metric} got worse, and by more than chance explains"
    if reading.check in SAFETY:
        return f"{metric} cannot be cleared yet"
    return load(reading.check).plain
