"""The outcome of a policy's tests for programs. Its schema is published and versioned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from egp import VERSION
from egp.pages.policy_test.schema import POLICY_TEST_VERSION
from egp.policy.escapable import ESCAPABLE, escapable_overrides
from egp.policy.params import shown_value

if TYPE_CHECKING:
    from egp.pages.policy_test.boundaries import Covered
    from egp.pages.policy_test.outcome import PolicyTestOutcome, Result


def render(outcome: PolicyTestOutcome) -> str:
    """One JSON object, keys in a fixed order, ending in a newline."""
    policy = outcome.policy
    told = {
        "policy_test": POLICY_TEST_VERSION,
        "tool": {"name": "egp", "version": VERSION},
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "summary": {
            "tests": len(outcome.results),
            "failed": len(outcome.failed),
            "numbers": len(outcome.boundaries),
            "covered": len(outcome.boundaries) - len(outcome.open),
        },
        "tests": [_result(each) for each in outcome.results],
        "diagnostics": [
            {
                "id": ESCAPABLE,
                "place": str(each.origin),
                "rules": list(each.rules),
                "message": each.message,
                "help": each.help,
            }
            for each in escapable_overrides(policy)
        ],
        "boundaries": [_covered(each) for each in outcome.boundaries],
    }
    return json.dumps(told, indent=2, ensure_ascii=True) + "\n"


def _result(result: Result) -> dict[str, object]:
    return {
        "name": result.name,
        "place": result.place,
        "succeeded": result.succeeded,
        "objections": list(result.objections),
    }


def _covered(covered: Covered) -> dict[str, object]:
    parameter = covered.parameter
    return {
        "rule": parameter.rule,
        "option": parameter.name,
        "value": shown_value(parameter.value),
        "default": parameter.is_default,
        "place": str(parameter.origin),
        "applies_to": parameter.applies_to,
        "below": covered.below,
        "at": covered.at,
        "above": covered.above,
    }
