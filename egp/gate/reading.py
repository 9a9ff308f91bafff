"""What a check of the gate reads off the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

State = Literal["pass", "fail", "cannot_rule_out", "not_checked"]
"""``cannot_rule_out`` is neither: the evidence is compatible with the harm that has to be excluded."""

Kind = Literal["", "wait", "repair", "inconclusive", "rollback"]
"""What a reading that does not pass leads to: more time, a repair of data, paperwork or build, the end of the
experiment without a launch, or the withdrawal of the treatment."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One check's answer about the plan as a whole, or about one metric, variant or rule of it."""

    state: State
    message: str
    check: str = ""
    """Id of the check; filled in by the gate."""
    observed: str = ""
    required: str = ""
    interval: tuple[float, float] | None = None
    """In the metric's own unit: a rate as a fraction, a time in seconds."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    kind: Kind = ""
    next: str = ""
    """The next step, where there is one to take."""
    until: datetime | None = None
    """Before this instant another call gives the same answer."""
    metric: str = ""
    variant: str = ""
    rule: str = ""
    """Id of the stop rule that it is about."""
    withheld: bool = False
    """Whether what was observed is kept back until the metric's look."""

    @property
    def passed(self) -> bool:
        return self.state == "pass"

    @property
    def rolls_back(self) -> bool:
        return not self.passed and self.kind == "rollback"
