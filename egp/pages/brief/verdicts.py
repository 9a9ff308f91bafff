"""The page in one sentence, at each moment: what the gate says, and what is closed until when."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from egp.gate.page import HEADLINE
from egp.gate.settings import guardrail_alpha
from egp.pages.brief.agreed import WEEK
from egp.pages.brief.guardrails import REACHES
from egp.pages.brief.holdout import Confirmation, Unread
from egp.pages.brief.options import look_day
from egp.pages.brief.priced import waiting_in_words, what
from egp.pages.brief.tripped import first_reason, plainly
from egp.plan.analysis.days import first_day, run_days
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.results import TEST
from egp.plan.wording import called, counted, length, listing, percent

if TYPE_CHECKING:
    from egp.output.page.model import Tone
    from egp.pages.brief.balance import Balance
    from egp.pages.brief.guardrails import WatchedGuardrail
    from egp.pages.brief.priced import Account
    from egp.pages.brief.result import PrimaryResult
    from egp.pages.brief.scene import Scene

_TONE: dict[str, Tone] = {
    "proceed": "good",
    "hold": "caution",
    "roll_back": "bad",
    "could_not_judge": "caution",
}
_MEANS = {
    "hold": "traffic stays where it is",
    "roll_back": "the treatment is withdrawn, as agreed before the start",
    "could_not_judge": "nobody raises traffic until it can judge",
}


def verdict_of(
    scene: Scene,
    result: PrimaryResult | str,
    rows: list[WatchedGuardrail],
    stated: Account,
    harm: Account,
    balances: tuple[Balance, ...],
    confirmed: Confirmation | Unread | str,
) -> tuple[str, Tone]:
    """The sentence and its tone. Green is only what the gate lets go on."""
    if scene.verdict != "proceed":
        return _withheld(scene, harm, balances), _TONE[scene.verdict]
    if scene.moment == "running":
        return f"{_on_course(scene)}{waiting_in_words(scene.plan, stated)}", "neutral"
    if scene.moment == "readout":
        return _read_out(scene, result, balances)
    if scene.moment == "ramp":
        return _ramping(scene, rows)
    return _all_out(scene, confirmed, rows, balances)


def _withheld(scene: Scene, harm: Account, balances: tuple[Balance, ...]) -> str:
    said = f"The gate says {HEADLINE[scene.verdict]}: {_MEANS[scene.verdict]}."
    if reason := first_reason(scene):
        said = f"{said} Why: {reason}."
    if scene.moment == "running" and scene.verdict != "roll_back":
        said = f"{said} {_closed_until(scene)}"
    tripped = {each.metric for each in scene.judgement.decision.reasons} if scene.judgement else set()
    costs = [each for each in harm.lines if each.amount.high < 0 and each.metric in tripped]
    if not costs:
        return said
    if scene.moment != "harm":
        return f"{said} {what(costs[0])}, a loss of {-costs[0].amount}."
    said = f"{said} {what(costs[0])}, {costs[0].amount}"
    weekly = [line for each in balances[1:] for line in each.harms if line.metric == costs[0].metric]
    for of_week in weekly[:1]:
        said = f"{said}; in a week like the last {of_week.events}, {of_week.amount}"
    return f"{said}. No gain makes up for harm to a guardrail."


def _closed_until(scene: Scene) -> str:
    until = look_day(scene)
    return f"Shipping is closed until the result is read{f' on {until}' if until else ''}, and opens then only if it passes."


def _on_course(scene: Scene) -> str:
    assert scene.judgement is not None
    stage = scene.judgement.readout.stage.name
    day = ""
    if stage == TEST:
        with suppress(NotChecked):
            done = min((scene.day - first_day(scene.plan)).days, run_days(scene.plan))
            day = f", {done} of {run_days(scene.plan)} days complete"
    return f"On course: the {stage} runs as planned{day}. {_closed_until(scene)}"


def _read_out(scene: Scene, result: PrimaryResult | str, balances: tuple[Balance, ...]) -> tuple[str, Tone]:
    said = f"{result.in_words}." if not isinstance(result, str) else f"The result is {result}."
    worth = _in_money(scene, balances[-1:])
    if any(each.net and each.net.amount.low <= 0 for each in balances[-1:]):
        worth = f"{worth} The rule that was agreed does not ask for a net gain."
    onwards = scene.onwards
    if onwards is None:
        return (
            f"{said} The gate says nothing of the next stage, for the plan has several treatments.",
            "neutral",
        )
    verdict = onwards.decision.verdict
    if verdict == "proceed":
        return (
            f"Go: by the rule that was agreed before it, the result may start its ramp. {said}{worth} The next stage is {scene.next_stage}.",
            "good",
        )
    if not isinstance(result, str) and not result.met:
        otherwise = scene.plan.decision_rule.otherwise if scene.plan.decision_rule else None
        keep = (otherwise or "keep_control").replace("_", " ")
        return (
            f"No launch: the result does not ship by the rule that was agreed before it. {said} What follows: {keep}.",
            "caution",
        )
    return (
        f"Not yet: the gate says {HEADLINE[verdict]} to {scene.next_stage}{_because(scene)}. {said}",
        "caution",
    )


def _in_money(scene: Scene, balances: tuple[Balance, ...]) -> str:
    """Named with the level of its ranges, which is not that of the result."""
    if scene.judgement is None or not any(each.gain for each in balances):
        return ""
    level = percent(1 - 2 * guardrail_alpha(scene.judgement.readout))
    return "".join(f" {each.in_words} (amounts with {level} ranges)." for each in balances if each.gain)


def _because(scene: Scene) -> str:
    assert scene.onwards is not None
    reasons = scene.onwards.decision.reasons
    return f": {plainly(scene, reasons[0])}" if reasons else ""


def _ramping(scene: Scene, rows: list[WatchedGuardrail]) -> tuple[str, Tone]:
    assert scene.judgement is not None
    stage = scene.judgement.readout.stage
    seen, wide = f"no stop rule or limit has fired at {stage.name}{slow_rules(scene)}", _that_reach(rows)
    if scene.onwards is not None and scene.onwards.decision.verdict == "proceed":
        return f"Go on: {seen}, and traffic may be raised to {scene.next_stage}.{wide}", "good"
    closed = scene.closed["D"]
    return f"On course: {seen}; {scene.next_stage} is closed, for {closed}.{wide}", "neutral"


def slow_rules(scene: Scene) -> str:
    """ " (contacts takes 2 weeks and outcomes of refund_rate take 7 days)": stop rules that cannot have fired in so short a time, and
    those that have seen little of what they watch; empty where there are none."""
    assert scene.judgement is not None
    begin = scene.judgement.readout.stage.begin
    lasted = scene.as_of - begin if begin is not None else timedelta()
    slow = [
        f"{shown(rule.id)} takes {counted(needs // WEEK, 'week') if rule.significant_harm_for else length(needs)}"
        for rule in scene.plan.stop_rules
        if (needs := rule.significant_harm_for or rule.for_) is not None and needs > lasted
    ]
    rules = dict.fromkeys(rule.metric for rule in scene.plan.stop_rules)
    slow += [
        f"outcomes of {shown(metric.name)} take {length(metric.outcome_window)}"
        for _, metric in scene.plan.guardrails
        if metric.name in rules and metric.outcome_window and metric.outcome_window > lasted
    ]
    return f" ({listing(slow)})" if slow else ""


def _that_reach(rows: list[WatchedGuardrail]) -> str:
    """The guardrails that the stage alone is too small for."""
    names = dict.fromkeys(shown(row.metric.name) for row in rows if row.latest and row.latest.word == REACHES)
    if not names:
        return ""
    return f" Margins were judged at the readout, on complete outcomes; a stage that short cannot clear {listing(names)} anew."


def _what_decides(scene: Scene, confirmed: Confirmation | Unread | str, rows: list[WatchedGuardrail]) -> str:
    """After the ramp: what is recommended, or who decides, who was to by which day."""
    holdout, owner = scene.plan.holdout, scene.plan.owner
    who = called(owner.dri if owner else None, "the owner")
    if holdout is None or holdout.until is None:
        return ""
    if not isinstance(confirmed, Confirmation):
        if scene.day < holdout.until:
            return f"Recommended is A, {scene.letters['A']}: stay as it is until the holdout is read on {holdout.until}, which alone says whether the gain is there. "
        return f"{who} decides now, for the holdout was to be read on {holdout.until}. "
    if confirmed.high < 0:
        return f"Recommended is B, {scene.letters['B']}: {who} has it withdrawn. "
    if not confirmed.is_validated:
        return f"Nothing is recommended: the holdout does not decide, and {who} does, who was to by {holdout.until}. "
    if open_ := listing(shown(row.metric.name) for row in rows if not row.is_within):
        return f"Nothing is recommended: the gain is validated, and of {open_} it is not shown that the margin is kept; {who} decides. "
    return f"Recommended is to keep the change for everybody: {who} ends the holdout. "


def _all_out(
    scene: Scene,
    confirmed: Confirmation | Unread | str,
    rows: list[WatchedGuardrail],
    balances: tuple[Balance, ...],
) -> tuple[str, Tone]:
    assert scene.judgement is not None
    what_decides = _what_decides(scene, confirmed, rows)
    said = f"{what_decides}No stop rule or limit has fired at {scene.judgement.readout.stage.name}, the last stage.{_in_money(scene, balances[-1:])}"
    if isinstance(confirmed, Unread):
        return said, "neutral"
    if isinstance(confirmed, str):
        return f"{said} The gain is not validated: {confirmed}.", "neutral"
    is_good = confirmed.is_validated and all(row.is_within for row in rows)
    return f"{said} {confirmed.in_words}", "good" if is_good else "neutral"
