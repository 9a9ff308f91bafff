"""How a plan is registered, and what came of registering or amending, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from egp.advice.register import Pinned, RegistrationOutcome, short
from egp.plan.wording import listing
from egp.record.entry_files import ENTRIES
from egp.record.lock import (
    LOCK_FILE,
    Signed,
)


def registration_lines(outcome: RegistrationOutcome) -> Iterator[str]:
    """What came of it, in lines for people."""
    if outcome.pinned and not outcome.refusals:
        for pinned in outcome.pinned:
            yield f"{_done(pinned)} ({short(pinned.entry.current_digest)})"
            for each in pinned.newly_waived:
                until = f" until {each.expires}" if each.expires else ""
                yield f"  attested: the waiver of {each.rule}, approved by {each.approver or 'nobody'}{until}"
        if outcome.written:
            yield f"commit {files_of(outcome.written)} together with what is pinned"
        return
    for refusal in outcome.refusals:
        line, column = refusal.span.start
        yield f"not pinned: {refusal.path}:{line}:{column}: {refusal.message}"
        yield f"  help: {refusal.help}"
    yield f"{outcome.lock} is as it was"


def files_of(written: Sequence[str]) -> str:
    """Files of the lock, as people are advised to commit them."""
    folder = f"{ENTRIES}/"
    return listing(written) if len(written) <= _FEW_FILES else f"what has changed in {LOCK_FILE} and {folder}"


_FEW_FILES = 3


def _done(pinned: Pinned) -> str:
    before, entry = pinned.before, pinned.entry
    if before is None:
        return _with_signatures(f"registered {pinned.id} on {entry.registered}", entry.signed)
    if entry is before:
        return f"{pinned.id} is as it was pinned: registered on {entry.registered}"
    new = tuple(each for each in entry.signed if each not in before.signed)
    if len(entry.amended) > len(before.amended):
        return _with_signatures(f"amended {pinned.id} on {entry.amended[-1].on}", new)
    if new:
        return f"{pinned.id}, registered on {entry.registered}, is now {_signed_by(new)}"
    if pinned.newly_waived and entry.path == before.path:
        return f"{pinned.id}, registered on {entry.registered}, has waivers that the lock attests"
    return f"{pinned.id}, registered on {entry.registered}, has moved to {entry.path}"


def _with_signatures(done: str, signed: Sequence[Signed]) -> str:
    return f"{done}, {_signed_by(signed)}" if signed else done


def _signed_by(signed: Sequence[Signed]) -> str:
    return f"signed by {listing(f'{each.role} ({each.by})' for each in signed)}"
