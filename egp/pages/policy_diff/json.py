"""A comparison of policies for programs. Its schema is published and versioned."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from egp import VERSION
from egp.pages.policy_diff.schema import POLICY_DIFF_VERSION
from egp.plan.finding import Diagnostic

if TYPE_CHECKING:
    from egp.pages.policy_diff.flips import Flip, PolicyComparison
    from egp.pages.policy_diff.settings import SettingDifference
    from egp.policy.layers import Origin
    from egp.policy.model import Policy


def render(comparison: PolicyComparison, as_of: date) -> str:
    """One JSON object, keys in a fixed order, ending in a newline."""
    told = {
        "policy_diff": POLICY_DIFF_VERSION,
        "tool": {"name": "egp", "version": VERSION},
        "as_of": as_of.isoformat(),
        "old": _policy(comparison.old),
        "new": _policy(comparison.new),
        "summary": {
            "settings": len(comparison.differences),
            "plans": comparison.plans,
            "rejected_by_old": comparison.rejected_by_old,
            "rejected_by_new": comparison.rejected_by_new,
            "now_rejected": len(comparison.now_rejected),
            "now_accepted": len(comparison.now_accepted),
            "further_rejected": len(comparison.further_rejected),
        },
        "settings": [_difference(each) for each in comparison.differences],
        "now_rejected": [_flip(each) for each in comparison.now_rejected],
        "now_accepted": [_flip(each) for each in comparison.now_accepted],
        "further_rejected": [_flip(each) for each in comparison.further_rejected],
        "further_rules": dict(sorted(comparison.further_rules.items())),
        "errors": [
            {"path": each.path, "message": each.message, "help": each.help} for each in comparison.failures
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=True) + "\n"


def _policy(policy: Policy) -> dict[str, object]:
    return {"name": policy.name, "version": policy.version, "digest": policy.digest}


def _difference(difference: SettingDifference) -> dict[str, object]:
    subject = difference.subject
    return {
        "rule": subject.rule or None,
        "setting": subject.setting,
        "applies_to": subject.applies_to,
        "from": subject.since.isoformat() if subject.since else None,
        "old": _set(difference.old, difference.old_origin),
        "new": _set(difference.new, difference.new_origin),
    }


def _set(value: str | None, origin: Origin | None) -> dict[str, object]:
    return {"value": value, "place": str(origin) if origin else None}


def _flip(flip: Flip) -> dict[str, object]:
    return {
        "path": flip.path,
        "document": flip.document,
        "experiment": flip.experiment,
        "reasons": [_reason(each) for each in flip.reasons],
    }


def _reason(reason: Diagnostic | str) -> dict[str, object]:
    if isinstance(reason, str):
        return {"rule": None, "message": reason, "line": None}
    return {"rule": reason.rule, "message": reason.message, "line": reason.place.span.start.line}
