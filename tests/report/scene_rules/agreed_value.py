"""The value is the one that was agreed.

A value that drifts from what was agreed makes the result mean something else than the plan promised.
"""

from __future__ import annotations

from collections.abc import Sequence

from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, NotChecked

said: list[Finding | NotChecked] = []


def check(plan: Experiment) -> Sequence[Finding]:
    for each in said:
        if isinstance(each, NotChecked):
            raise each
    return [each for each in said if isinstance(each, Finding) and plan.id]
