"""What a pipeline is to do, as data: everything that it would otherwise read out of sentences."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from egp.gate.stage import NOWHERE
from egp.output.contract import Reported, Share
from egp.plan.analysis.traffic import treated_share
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import significant

if TYPE_CHECKING:
    from egp.gate.judgement import GateJudgement
    from egp.gate.readout import Readout
    from egp.gate.verdict import Verdict
    from egp.plan import experiment
    from egp.plan.experiment import Experiment

Doing = Literal["raise", "stay", "roll_back", "nothing"]

_DO: dict[Verdict, Doing] = {
    "proceed": "raise",
    "hold": "stay",
    "could_not_judge": "stay",
    "roll_back": "roll_back",
}


class Rollback(Reported):
    """How the treatment is withdrawn."""

    to: str | None
    method: str | None
    minutes: float | None
    """Longest time until it is complete."""
    owner: str | None


class Action(Reported):
    """What a pipeline is to do with the traffic."""

    do: Doing
    """Nothing where the answer is as if it were another instant."""
    flag: str | None
    """The feature flag of the plan."""
    share_now: Share | None
    """Treated share of the stage in which the treatment is."""
    share_asked: Share | None
    """Treated share of the stage that was requested."""
    earliest_next_call: datetime | None
    rollback: Rollback | None
    commit: str | None
    """Of git, that the gate was called on."""


def action_of(judgement: GateJudgement) -> Action:
    """What to do with the traffic now; nothing, where the answer is as if it were another instant."""
    readout, decision = judgement.readout, judgement.decision
    do: Doing = (
        "stay" if judgement.call.is_monitor and decision.verdict == "proceed" else _DO[decision.verdict]
    )
    rollback = readout.plan.rollback
    return Action(
        do="nothing" if readout.as_if else do,
        flag=readout.plan.feature_flag,
        share_now=_share_now(readout),
        share_asked=share_asked(judgement),
        earliest_next_call=decision.until,
        rollback=Rollback.of(rollback, minutes=rollback.max_minutes) if rollback else None,
        commit=judgement.call.commit or None,
    )


def how_to_withdraw(rollback: experiment.Rollback | None, verb: str) -> list[str]:
    """The plan's rollback as parts of a sentence; ``verb`` stands before the variant that it goes to."""
    if rollback is None:
        return ["withdraw the treatment"]
    parts = [f"{verb} {shown(rollback.to)}" if rollback.to else "withdraw the treatment"]
    parts += [f"by {shown(rollback.method)}"] if rollback.method else []
    parts += [f"within {significant(rollback.max_minutes, 3)} minutes"] if rollback.max_minutes else []
    return parts


def _share_now(readout: Readout) -> float | None:
    stage = readout.stage
    if stage.name == NOWHERE or (stage.begin is not None and stage.begin > readout.as_of):
        return 0.0
    return _share(readout.plan, stage.treated)


def share_asked(judgement: GateJudgement) -> float | None:
    """The share that the move would serve; None of a call that watches."""
    plan, move = judgement.readout.plan, judgement.readout.move
    if move.kind == "monitor":
        return None
    if move.kind == "stage":
        return plan.ramp[move.position].treated
    return _share(plan, plan.canary.treated if move.kind == "canary" and plan.canary else None)


def _share(plan: Experiment, treated: float | None) -> float | None:
    """The share, or without one that of the test; None where the plan does not say."""
    if treated is not None:
        return treated
    try:
        return treated_share(plan)
    except NotChecked:
        return None
