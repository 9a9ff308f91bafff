"""Whether a raise without the gate is approved: a waiver as any other, of the rule that a stage is entered by a receipt."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from egp.plan.digest import plan_digest
from egp.policy.timing import Timing
from egp.record.emergencies import Emergency
from egp.record.waivers.grant import LONGEST, GrantTerms, objections
from egp.rules.table import WAIVED_IN_EMERGENCY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from egp.plan.experiment import Experiment
    from egp.policy.model import Policy


def objections_to(
    emergency: Emergency, plan: Experiment, policy: Policy, path: str, day: date
) -> Iterator[str]:
    """What speaks against an emergency on a day, in words; nothing of one that holds. ``path`` is the plan's, for patterns."""
    digest = plan_digest(plan)
    adopted = policy.adopted(path, policy.traits_of(plan), Timing(day))
    waivable = {each.rule.id: each.waivable for each in adopted.served}
    asked = policy.waivers
    terms = GrantTerms(
        experiment=plan.name,
        as_of=day,
        owner=(plan.owner.dri if plan.owner else None) or "",
        digest=digest,
        rules=waivable,
        families=policy.catalogue.families(),
        approvers=asked.approvers if asked else (),
        roles=policy.roles,
        longest=(asked.longest if asked else None) or LONGEST,
    )
    yield from (each.message for each in objections(emergency.waiver_of(WAIVED_IN_EMERGENCY), terms))
