"""What the gate found to be wrong, explained to those who read no statistics, and to those who do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import filterfalse
from typing import TYPE_CHECKING

from egp.gate.amounts import p_shown, signed, unit_of
from egp.gate.settings import alarm_levels
from egp.pages.brief.agreed import stop_rule_in_words
from egp.pages.brief.priced import of_a_thousand
from egp.plan.analysis.stop_rules import BAD_WEEKS, weekly_level
from egp.plan.analysis.watch import watched_weeks
from egp.plan.quantity import shown
from egp.plan.wording import listing, percent
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
    said = (plainly(scene, each) if in_plain_words else _message(scene, each) for each in found)
    return list(dict.fromkeys(said))


def _message(scene: Scene, reading: Reading) -> str:
    """The gate's words; of the alarm those of this page, with the family that its p is of."""
    if not _is_alarm(scene, reading):
        return reading.message
    harm, p_value = reading.numbers["harm"], reading.numbers["p_value"]
    unit = next(unit_of(metric) for _, metric in scene.plan.guardrails if metric.name == reading.metric)
    amount = of_a_thousand(harm) if unit in ("share", "") else signed(harm, unit)
    return (
        f"{shown(reading.metric)} is worse than control by {amount} in the stage so far, {p_shown(p_value)}, one-sided and "
        f"adjusted for {_family(scene)}"
    )


def _is_alarm(scene: Scene, reading: Reading) -> bool:
    """Whether it is harm of a guardrail in a stage, which is judged among all of them."""
    judgement = scene.judgement
    return (
        judgement is not None
        and not judgement.readout.is_decision
        and reading.check == "guardrail"
        and reading.state == "fail"
        and {"harm", "p_value"} <= set(reading.numbers)
    )


def _family(scene: Scene) -> str:
    """ "the 3 guardrails": those that are judged together."""
    assert scene.judgement is not None
    deciding = {metric.name for _, metric in scene.plan.guardrails}
    judged = [
        each
        for each in scene.judgement.decision.readings
        if each.check == "guardrail" and each.metric in deciding and "p_value" in each.numbers
    ]
    of = " and treatments" if len(scene.judgement.readout.treatments) > 1 else ""
    return f"all {len(judged)} guardrails{of}" if len(judged) > 1 else "no other guardrail"


def error_rates(scene: Scene, has_bad_weeks: bool) -> Iterator[str]:
    """Which error rate what tripped keeps, over how many guardrails and looks; no word for those who read no statistics."""
    if scene.judgement is None or scene.for_executives:
        return
    levels, plan = alarm_levels(scene.judgement.readout), scene.plan
    if any(_is_alarm(scene, each) for each in _open(scene)):
        yield (
            f"The p counts all guardrails of one look: where none is harmed, a look finds harm in any of them in at most "
            f"{percent(levels.harm_alpha)} of cases (Holm). It does not count further looks, and so by itself it only "
            "holds the ramp."
        )
    if has_bad_weeks and (weeks := watched_weeks(plan)):
        level = weekly_level(plan, BAD_WEEKS, levels)
        yield (
            f"Bad weeks count all guardrails and all looks: over the {weeks} weeks from the first exposure until the holdout ends, {BAD_WEEKS} bad ones in a "
            f"row come in at most {percent(levels.weekly_false_alarm)} of harmless experiments. To keep that, a week of a guardrail is "
            f"bad where its one-sided p is below {percent(level, 1)}."
        )


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
