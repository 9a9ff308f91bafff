"""Stages that were raised in an emergency, without the gate: a waiver with an approver and a last day, kept in the ledger.

Every page says so: until the last day as something that is allowed, and afterwards as something that was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING

from egp.plan.experiment import Waiver
from egp.plan.quantity import shown
from egp.plan.wording import share_text
from egp.record.lock import made
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.record.ledger import Ledger, LedgerEntry


class Emergency(NamedTuple):
    """One raise that nobody judged."""

    number: int
    """Of its entry in the ledger."""
    share: float
    stage: str
    on: date
    reason: str
    ticket: str
    approver: str
    role: str
    expires: date
    digest: str
    """Of the plan that it was approved for."""
    is_settled: bool
    """Whether the gate has let the stage through since, or the share was lowered again."""

    def holds(self, day: date) -> bool:
        return day <= self.expires

    def is_open(self, day: date) -> bool:
        """Whether it is over, and the stage that it raised to is served all the same, without a gate's word."""
        return not self.holds(day) and not self.is_settled

    @property
    def in_short(self) -> str:
        """What was done, whatever day it is."""
        return (
            f"{share_text(self.share)} was entered in an emergency on {self.on} ({shown(self.reason)}), "
            f"approved by {shown(self.approver)} until {self.expires}"
        )

    def sentence(self, day: date) -> str:
        """What every page says of it."""
        if self.is_settled:
            return f"{self.in_short}; it is settled since"
        if self.holds(day):
            return f"{self.in_short}; no gate has judged it"
        return f"{self.in_short}, which is over, and no gate has judged it"

    def waiver_of(self, rule: str) -> Waiver:
        """The same in the form in which waivers of a rule are written into plans."""
        return made(
            Waiver,
            rule=rule,
            experiment=None,
            reason=self.reason,
            ticket=self.ticket,
            approver=self.approver,
            role=self.role,
            granted=self.on,
            expires=self.expires,
            digest=self.digest,
        )


def entry_path(number: int) -> tuple[str | int, ...]:
    """What a finding about one entry of the ledger speaks for, so that this emergency waives it and no other."""
    return ("ledger", number)


def emergencies(ledger: Ledger | None) -> tuple[Emergency, ...]:
    """All of a ledger, in their order."""
    return tuple(_found(ledger)) if ledger else ()


def _found(ledger: Ledger) -> Iterator[Emergency]:
    for at, entry in enumerate(ledger.entries):
        if not entry.is_emergency or entry.expires is None or not isinstance(entry.at, datetime):
            continue
        share, later = entry.treated or 0.0, ledger.entries[at + 1 :]
        yield Emergency(
            at + 1,
            share,
            entry.stage or "",
            entry.at.date(),
            entry.reason or "",
            entry.ticket or "",
            entry.approver or "",
            entry.role or "",
            entry.expires,
            entry.digest or "",
            is_settled=any(_settles(each, entry) for each in later),
        )


def _settles(later: LedgerEntry, raised: LedgerEntry) -> bool:
    """Whether a later entry makes good for a raise: the gate's word for its stage, or fewer units than it has."""
    if later.kind == "enter":
        return later.stage == raised.stage and later.is_judged
    return (later.treated or 0.0) < (raised.treated or 0.0)
