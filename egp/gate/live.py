"""What is served at this moment beside the stage that was entered last: a share that nobody entered is found where it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from egp.plan.finding import NotChecked
from egp.plan.names import folded
from egp.plan.quantity import shown
from egp.plan.wording import share_text
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import decisive, known, same, treated
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from egp.plan.experiment import Experiment
    from egp.record.ledger import Ledger
    from egp.record.rollouts.rollout import Rollout

Outcome = Literal["same", "less", "more", "could_not_judge"]

STATUS: dict[Outcome, int] = {"same": 0, "less": 0, "more": 1, "could_not_judge": 2}


class LiveShare(NamedTuple):
    """What one flag of the plan serves, and what the ledger has."""

    outcome: Outcome
    message: str
    next: str = ""

    @property
    def status(self) -> int:
        return STATUS[self.outcome]


def live_shares(
    plan: Experiment, ledger: Ledger, rollouts: Sequence[Rollout], as_of: date
) -> Iterator[LiveShare]:
    """Each flag of the plan in an export of what is served, beside the ledger."""
    if not ledger.is_there:
        yield LiveShare("could_not_judge", "the ledger has no entry to compare with", "egp enter writes one")
        return
    names = {folded(each) for each in plan.switches}
    mine = [each for each in rollouts if folded(each.flag.value) in names]
    if not mine:
        yield LiveShare(
            "could_not_judge", "the export has no flag of the plan", "name the export of its flag"
        )
    for rollout in mine:
        yield _live(plan, ledger, rollout, as_of)


def _live(plan: Experiment, ledger: Ledger, rollout: Rollout, as_of: date) -> LiveShare:
    served = ServedFlag(rollout, plan, as_of)
    flag, entered = shown(rollout.flag.value), ledger.share or 0.0
    try:
        shares = [treated(served, known(each).shares) for each in decisive(rollout)] if rollout.is_on else []
    except NotChecked as unknown:
        return LiveShare("could_not_judge", f"{flag}: {unknown.reason or 'the plan does not say enough'}")
    share = max(shares, default=0.0)
    said = f"{flag} serves {share_text(share)}, and the ledger has {share_text(entered)}"
    if same(share, entered):
        return LiveShare("same", said)
    if share < entered:
        return LiveShare("less", said, f"egp enter PLAN --lower-to {share * 100:g}% writes it down")
    return LiveShare("more", said, f"lower it to {share_text(entered)}: nobody entered more")
