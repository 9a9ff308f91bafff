"""What every page says of stages that were raised without the gate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

from egp.output.page.model import Points, Section
from egp.record.emergencies import Emergency, emergencies
from egp.record.ledger import read_ledger
from egp.record.lock_error import LockError

TITLE = "Raised without the gate"


def raised_in(root: str, experiment: str) -> tuple[Emergency, ...]:
    """Those of an experiment in the ledger of a folder; none where it cannot be read, of which the gate speaks."""
    with suppress(LockError):
        return emergencies(read_ledger(root, experiment))
    return ()


def emergency_sections(raised: tuple[Emergency, ...], day: date) -> Iterator[Section]:
    """A section where there are any: first of all while one holds or is open, folded once all are settled."""
    if raised:
        is_history = all(each.is_settled for each in raised)
        sentences = [each.sentence(day) for each in raised]
        yield Section(TITLE, [Points(sentences)], "neutral" if is_history else "caution", folded=is_history)
