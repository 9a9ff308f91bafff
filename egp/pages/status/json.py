"""The status for programs. Its schema is published as ``schemas/status.schema.json`` and versioned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp import VERSION
from egp.gate.call import GateJudgement
from egp.output.contract import as_text
from egp.pages.status.answers import WORST_FIRST
from egp.pages.status.schema import STATUS_VERSION

if TYPE_CHECKING:
    from datetime import date

    from egp.pages.status.portfolio import Status
    from egp.pages.status.standing import Standing, UnitProgress


def render(status: Status) -> str:
    """One JSON object, keys in a fixed order, ending in a newline."""
    return as_text(record(status))


def record(status: Status) -> dict[str, object]:
    """The status with nothing on it of a metric that is withheld."""
    policy, wins = status.policy, status.false_wins
    lights: dict[str, int] = {
        colour: sum(each.colour == colour for each in status.standings) for colour in WORST_FIRST
    }
    return {
        "status": STATUS_VERSION,
        "tool": {"name": "egp", "version": VERSION},
        "as_of": status.as_of.isoformat(),
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "complete": status.is_complete,
        "summary": {**lights, "over": len(status.of("over"))},
        "experiments": [_experiment(each) for each in status.standings],
        "waivers": [
            {
                "experiment": each.experiment,
                "rule": each.grant.waiver.rule or "",
                "expires": _day(each.grant.waiver.expires),
                "approver": each.grant.waiver.approver or "",
                "place": each.grant.place,
            }
            for each in status.expiring
        ],
        "layers": [
            {"layer": each.layer, "from": _day(each.start), "to": _day(each.end), "exposure": each.exposure}
            for each in status.layers
        ],
        "false_wins": wins
        and {
            "expected": wins.expected,
            "tests": wins.tests,
            "from": _day(wins.first),
            "to": _day(wins.last),
            "days": wins.days,
            "allowed": wins.allowed,
        },
        "errors": [{"path": failure.path, "message": failure.message} for failure in status.failures],
    }


def _experiment(each: Standing) -> dict[str, object]:
    plan, answers, decided = each.known.plan, each.answers, each.decided
    return {
        "id": each.known.id,
        "title": plan.title or "",
        "path": each.known.source.shown,
        "owner": (plan.owner.dri if plan.owner else None) or "",
        "layer": plan.layer or "",
        "phase": each.phase,
        "light": each.colour,
        "stage": each.stage,
        "reasons": list(each.reasons),
        "next": list(each.steps),
        "days": _progress(each.days),
        "units": _progress(each.units),
        "next_decision": {"what": each.next.what, "on": _day(each.next.on)} if each.next else None,
        "rejected_by": list(each.known.rejected_by),
        "results": {"from": answers.results.path, "as_of": answers.results.as_of.isoformat()}
        if answers
        else None,
        "gate": [_verdict(judgement) for judgement in answers.judgements] if answers else [],
        "decided": decided
        and {"option": decided.option or "", "means": decided.means, "on": _day(decided.on)},
    }


def _verdict(judgement: GateJudgement) -> dict[str, object]:
    decision = judgement.decision
    return {
        "asked": judgement.call.asked,
        "verdict": decision.verdict,
        "hold": decision.kind or None,
        "until": decision.until.isoformat() if decision.until else None,
    }


def _progress(progress: UnitProgress | None) -> dict[str, int] | None:
    return {"done": progress.done, "of": progress.of} if progress else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
