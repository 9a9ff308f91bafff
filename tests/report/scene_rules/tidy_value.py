"""The value is tidy.

Untidy values are read wrongly. The second sentence of a reason is on the page only.
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
