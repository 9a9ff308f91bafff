"""What a pipeline is to do, as data: everything that it would otherwise read out of sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.gate.stage import NOWHERE
from egp.plan.analysis.traffic import treated_share
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.results import TEST
from egp.plan.wording import significant

if TYPE_CHECKING:
    from egp.gate.call import GateJudgement
    from egp.gate.readout import Readout
    from egp.gate.verdict import Verdict
    from egp.plan.experiment import Experiment, Rollback

_DO: dict[Verdict, str] = {
    "proceed": "raise",
    "hold": "stay",
    "could_not_judge": "stay",
    "roll_back": "roll_back",
}


def action_of(judgement: GateJudgement) -> dict[str, object]:
    """What to do with the traffic now; nothing, where the answer is as if it were another instant."""
    readout, decision = judgement.readout, judgement.decision
    do = "stay" if judgement.call.is_monitor and decision.verdict == "proceed" else _DO[decision.verdict]
    until = decision.until
    return {
        "do": "nothing" if readout.as_if else do,
        "flag": readout.plan.feature_flag,
        "share_now": _share_now(readout),
        "share_asked": _share_asked(judgement),
        "earliest_next_call": until.isoformat() if until else None,
        "rollback": _rollback(readout.plan.rollback),
        "commit": judgement.call.commit or None,
    }


def how_to_withdraw(rollback: Rollback | None, verb: str) -> list[str]:
    """The plan's rollback as parts of a sentence; ``verb`` stands before the variant that it goes to."""
    if rollback is None:
        return ["withdraw the treatment"]
    parts = [f"{verb} {shown(rollback.to)}" if rollback.to else "withdraw the treatment"]
    parts += [f"by {shown(rollback.method)}"] if rollback.method else []
    parts += [f"within {significant(rollback.max_minutes, 3)} minutes"] if rollback.max_minutes else []
    return parts


def no_action(commit: str) -> dict[str, object]:
    """What to do after a call that could not be judged."""
    return {
        "do": "stay",
        "flag": None,
        "share_now": None,
        "share_asked": None,
        "earliest_next_call": None,
        "rollback": None,
        "commit": commit or None,
    }


def _share_now(readout: Readout) -> float | None:
    stage = readout.stage
    if stage.name == NOWHERE or (stage.begin is not None and stage.begin > readout.as_of):
        return 0.0
    return _share(readout.plan, stage.name, stage.treated)


def _share_asked(judgement: GateJudgement) -> float | None:
    plan, move = judgement.readout.plan, judgement.readout.move
    if move.kind == "monitor":
        return None
    if move.kind == "stage":
        return plan.ramp[move.position].treated
    return _share(plan, move.name, plan.canary.treated if move.kind == "canary" and plan.canary else None)


def _share(plan: Experiment, stage: str, treated: float | None) -> float | None:
    """Treated share of the eligible units in a stage; None where the plan does not say."""
    if treated is not None or stage != TEST:
        return treated
    try:
        return treated_share(plan)
    except NotChecked:
        return None


def _rollback(rollback: Rollback | None) -> dict[str, object] | None:
    if rollback is None:
        return None
    return {
        "to": rollback.to,
        "method": rollback.method,
        "minutes": rollback.max_minutes,
        "owner": rollback.owner,
    }
