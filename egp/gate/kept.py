"""What is remembered of an experiment beside its plan: its entry in the lock and its ledger, as they count for a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import TYPE_CHECKING

from egp.gate.call import Call
from egp.gate.clock import day_end
from egp.gate.verdict import Crash
from egp.record.emergencies import Emergency
from egp.record.ledger import Ledger, read_ledger
from egp.record.lock import Lock, LockError, Registration, made, read_lock
from egp.record.lock.text import rendered

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.results import StageEntry

NO_DIGEST = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of an experiment: its entry in the lock, its ledger, and what is damaged of them."""

    registration: Registration | None = None
    ledger: Ledger | None = None
    troubles: tuple[Crash, ...] = ()


def counting(call: Call, ledger: Ledger | None, zone: tzinfo) -> Ledger | None:
    """The ledger as it was at the instant that is judged; None for one that cannot be read."""
    stated = call.as_of if call.as_of is not None else call.now
    if ledger is None or stated is None:
        return ledger
    if call.ledger is not None and (as_it_was := ledger.up_to(call.ledger)) is not None:
        return as_it_was
    return ledger.until(stated if isinstance(stated, datetime) else day_end(stated, zone))


def stages_entered(
    ledger: Ledger | None, raised: tuple[Emergency, ...], asked: str
) -> tuple[StageEntry, ...] | None:
    """The stages that were entered; where the gate is requested for one that nobody judged, those before it. None without a ledger."""
    if ledger is None or not ledger.is_there:
        return None
    unjudged = {each.share for each in raised if each.stage == asked and not each.is_settled}
    return tuple(each for each in ledger.stages() if each.treated not in unjudged)


def kept_in(root: str, plan: Experiment) -> Kept:
    """What lies beside the lock of a folder. What is damaged keeps the gate from judging, but not from rolling back."""
    return kept_by(lambda: read_lock(root).entries.get(plan.name), lambda: read_ledger(root, plan.name))


def kept_by(read_registration: Callable[[], Registration | None], read_entries: Callable[[], Ledger]) -> Kept:
    registration, ledger, troubles = None, None, []
    try:
        registration = read_registration()
    except LockError as error:
        troubles += [Crash("registered", f"{each.path}: {each.message}") for each in error.failures]
    try:
        ledger = read_entries()
    except LockError as error:
        troubles += [Crash("stage-order", f"{each.path}: {each.message}") for each in error.failures]
    return Kept(registration, ledger, tuple(troubles))


def entry_digest(plan: Experiment, registration: Registration | None) -> str:
    if registration is None:
        return NO_DIGEST
    # What people decide afterwards is no input: a receipt must still replay once it has been decided on.
    judged = made(Registration, **{**vars(registration), "decisions": (), "positions": ()})
    text = rendered(Lock("", None, {plan.name: judged}, {}))
    return f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
