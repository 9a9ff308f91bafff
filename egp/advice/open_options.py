"""Whether an option is open: what the gate or the policy says of it, for pages and for decisions alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.advice.choices import GO, GO_ON, NARROWER, ROLL_BACK
from egp.gate.call import CannotJudge
from egp.gate.judgement import judge
from egp.plan.analysis.days import readout_day
from egp.plan.finding import NotChecked
from egp.plan.results import CANARY, TEST, stage_name
from egp.plan.wording import counted
from egp.stats.values import replace

if TYPE_CHECKING:
    from datetime import date

    from egp.advice.receipts import Receipt
    from egp.gate.call import Call
    from egp.gate.judgement import GateJudgement
    from egp.output.report.model import Report
    from egp.plan.experiment import Experiment
    from egp.plan.finding import Diagnostic
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder

_SAID = {
    "proceed": "proceed",
    "hold": "hold",
    "roll_back": "roll back",
    "could_not_judge": "that it could not judge",
}
_SHIPPING = frozenset({"ship", "launch", "release", "go", "ramp"})
"""First words of options of a plan that bring the treatment to more people."""


def errors_of(report: Report) -> list[Diagnostic]:
    return [each for each in report.diagnostics if each.severity == "error" and each.waiver is None]


def ships(option: str) -> bool:
    """Whether a plan's own option, such as `ship_to_all`, brings the treatment to more people."""
    return option.casefold().replace("-", "_").partition("_")[0] in _SHIPPING


def onwards_of(
    call: Call, watched: GateJudgement, finder: PlanFinder, policy: Policy
) -> GateJudgement | None:
    """What the gate says of raising traffic to the next stage; None where there is none, or it says nothing."""
    stage = next_stage(watched.readout.plan, watched.readout.stage.position)
    if not stage:
        return None
    try:
        return judge(replace(call, to=stage), finder, policy)
    except CannotJudge:
        return None  # of several treatments the one that is ramped has to be named


def closed_before_launch(letter: str, errors: int) -> str:
    """Why an option is closed before the launch; empty for one that is open."""
    if letter == GO and errors:
        return f"the plan has {counted(errors, 'error')}"
    return ""


def closed_in_flight(letter: str, watched: GateJudgement, onwards: GateJudgement | None) -> str:
    """Why an option is closed while the treatment is out, as the gate says it; empty for one that is open.

    ``watched`` is the gate's answer about the stage in which the treatment is, ``onwards`` that about the next one.
    """
    if watched.decision.verdict == "roll_back" and letter not in (ROLL_BACK, NARROWER):
        return "the gate says roll back"
    if letter != GO_ON:
        return ""
    if onwards is None:
        return "there is no further stage"
    decision = onwards.decision
    if decision.verdict == "proceed":
        return ""
    until = decision.until.date() if decision.until else None
    return f"the gate says {_SAID[decision.verdict]}{f' until {until}' if until else ''}"


def next_stage(plan: Experiment, position: int) -> str:
    """The stage that follows one of the ramp, -1 for the test; empty after the last one."""
    following = plan.ramp[position + 1 : position + 2]
    return stage_name(following[0].treated) if following and following[0].treated else ""


def closed_by_receipt(letter: str, receipt: Receipt) -> str:
    """The same, by the gate's record of a call."""
    if receipt.verdict == "roll_back" and letter not in (ROLL_BACK, NARROWER):
        return "the gate says roll back"
    if letter != GO_ON:
        return ""
    if receipt.asked in ("", "monitor", TEST, CANARY):
        return "the receipt is of no further stage"
    return (
        "" if receipt.verdict == "proceed" else f"the gate says {_SAID.get(receipt.verdict, receipt.verdict)}"
    )


def closed_by_calendar(letter: str, plan: Experiment, day: date) -> str:
    """The same, where nobody shows what the gate says."""
    if letter != GO_ON:
        return ""
    try:
        look = readout_day(plan)
    except NotChecked:
        return "the plan does not say when its result is read"
    if day < look:
        return f"it is read on {look}, the planned look"
    return "nothing shows that the gate says proceed; --results or --receipt would"
