"""A plan's life for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from egp import VERSION
from egp.pages.history.life import Event, Moment, PlanLife

if TYPE_CHECKING:
    from egp.record.changes import FieldChange
    from egp.record.lock import Decided, Registration, Waived

HISTORY_VERSION = 1


def render(lives: Sequence[PlanLife]) -> str:
    """One JSON object, keys in a fixed order, ending in a newline."""
    report = {
        "history": HISTORY_VERSION,
        "tool": {"name": "egp", "version": VERSION},
        "experiments": [_life(life) for life in lives],
    }
    return json.dumps(report, indent=2, ensure_ascii=True) + "\n"


def _life(life: PlanLife) -> dict[str, object]:
    return {
        "experiment": life.id,
        "path": life.path,
        "digest": life.digest or None,
        "registration": _entry(life.entry),
        "is_as_registered": life.entry is not None and life.digest == life.entry.current_digest,
        "is_exploratory": life.is_exploratory,
        "events": [_event(moment, event) for moment in life.moments for event in moment.events],
    }


def _event(moment: Moment, event: Event) -> dict[str, object]:
    return {
        "event": event.kind,
        "commit": moment.commit or None,
        "date": str(moment.day) if moment.day else None,
        "path": event.path,
        "digest": event.digest or None,
        "registration": _entry(event.entry),
        "amendments": [
            {
                "on": str(each.on) if each.on else None,
                "reason": each.reason,
                "approver": each.approver,
                "data_access": each.data_access,
                "changes": list(each.changes),
            }
            for each in event.amendments
        ],
        "changes": [_change(each) for each in event.changes],
        "waived": [_waived(each) for each in event.waived],
        "decisions": [_decision(each) for each in event.decisions],
    }


def _change(change: FieldChange) -> dict[str, object]:
    return {
        "pointer": change.name,
        "before": change.before,
        "after": change.after,
        "weight": change.weight,
        "effect": change.effect,
    }


def _waived(waived: Waived) -> dict[str, object]:
    return {
        "rule": waived.rule,
        "approver": waived.approver,
        "expires": str(waived.expires) if waived.expires else None,
        "on": str(waived.on),
    }


def _decision(decided: Decided) -> dict[str, object]:
    return {
        "option": decided.option,
        "means": decided.means,
        "role": decided.role,
        "by": decided.by,
        "on": str(decided.on),
        "because": decided.because,
        "dissent": decided.dissent,
        "plan": decided.plan,
        "receipt": decided.receipt,
    }


def _entry(entry: Registration | None) -> dict[str, object] | None:
    if entry is None:
        return None
    policy = entry.policy
    return {
        "registered": str(entry.registered),
        "digest": entry.digest,
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest}
        if policy
        else None,
        "signed": [
            {"role": each.role, "by": each.by, "on": str(each.on) if each.on else None}
            for each in entry.signed
        ],
        "amended": [
            {"digest": each.digest, "on": str(each.on), "data_access": each.data_access}
            for each in entry.amended
        ],
        "waived": [_waived(each) for each in entry.waived],
        "decisions": [_decision(each) for each in entry.decisions],
    }
