"""What one run judges its plans by, and what it keeps of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from egp.check.answers import Named
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.scope import Traits
from egp.policy.timing import Timing
from egp.rules.rule_inputs import PortfolioEntry

if TYPE_CHECKING:
    from egp.check.suppressions import SharedSuppressions
    from egp.policy.plan_history import PlanHistories
    from egp.record.waivers.allowed import PlanSuppressions


@dataclass(frozen=True, slots=True)
class Run:
    """The same for all plans."""

    finder: PlanFinder
    policy: Policy
    as_of: date
    list_passes: bool = False
    histories: PlanHistories | None = None
    is_history_known: bool = True
    """False where the lock or the base cannot be read: then nothing is said of what a plan was."""
    allowances: SharedSuppressions | None = None


@dataclass(frozen=True, slots=True)
class JudgedPlan:
    """What stays of a plan after its document is gone."""

    entry: PortfolioEntry
    source: PlanSource
    traits: Traits
    timing: Timing
    named: Sequence[Named]
    allowed: PlanSuppressions | None = None
