"""What one run judges its plans by, and what it keeps of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp.check.answers import Named
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.scope import Traits
from egp.policy.timing import Timing
from egp.rules.rule_inputs import PortfolioEntry
from egp.stats.values import field, frozen, mutable, replace

if TYPE_CHECKING:
    from egp.check.neighbours import Neighbours
    from egp.check.suppressions import SharedSuppressions
    from egp.policy.owners import Owners
    from egp.policy.plan_history import PlanHistories
    from egp.policy.territories import Territory
    from egp.record.waivers.allowed import PlanSuppressions


@frozen
class Run:
    """The same for all plans of one owner."""

    finder: PlanFinder
    policy: Policy
    as_of: date
    list_passes: bool = False
    histories: PlanHistories | None = None
    is_history_known: bool = True
    """False where the lock or the base cannot be read: then nothing is said of what a plan was."""
    allowances: SharedSuppressions | None = None
    is_trial: bool = False
    proposed: Policy | None = None
    """Under a base the policy as the working tree has it, where what it says completes registered plans."""
    neighbours: Neighbours | None = None
    """The plans that are compared with, where somebody judges again and again; None in a run that is the only one."""
    keeps_facts: bool = False
    """Whether what the other plans mean may be kept from call to call, and be taken from there."""
    others: OtherRuns | None = None
    """Those of further owners; None where one policy judges everything."""

    def of(self, source: PlanSource) -> Run:
        """The run that judges a file. Raises PolicyError where its owner's policy cannot."""
        return self.others.of(source.owner) if self.others and source.owner else self


@mutable
class OtherRuns:
    """What the plans of each owner are judged by, read when the first of them is."""

    owners: Owners
    begin: Callable[[Policy], Run]
    """Reads what lies beside a policy."""
    _begun: dict[str, Run] = field(default_factory=dict)

    def of(self, owner: Territory) -> Run:
        policy = self.owners.policy(owner)
        if policy.root not in self._begun:
            self._begun[policy.root] = replace(self.begin(policy), others=self)
        return self._begun[policy.root]

    def begun(self) -> list[Run]:
        """Those of which a plan was requested."""
        return list(self._begun.values())


@frozen
class JudgedPlan:
    """What stays of a plan after its document is missing."""

    entry: PortfolioEntry
    source: PlanSource
    traits: Traits
    timing: Timing
    named: Sequence[Named]
    allowed: PlanSuppressions | None = None
