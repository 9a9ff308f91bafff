"""The look is read from the rows that it was read from the first time.

A test that is read again whenever its data are corrected has as many chances as corrections. The first complete readout
of a look freezes the rows of the primaries, and of guardrails with an `outcome_window`: the receipt has their digests under
`readouts`, and the next call finds them in the receipt that it replaces. Where receipts do not stay, the pipeline copies
the entry to `readouts` in the results. Other rows for the same look hold. A correction that is due goes through review:
`egp decide PLAN --receipt FILE` with the receipt of the call that held records its rows in the lock, with the reason, and
the gate judges by them from then on.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.gate.clock import shown_look
from egp.gate.looks import open_look_instant
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.withholding import rows_read
from egp.plan.quantity import shown
from egp.plan.wording import listing
from egp.rules.rule import Params


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if not rows_read(readout):
        return
    look = open_look_instant(readout)
    before = readout.frozen.get(look, {})
    changed = [
        shown(metric) for metric, digest in rows_read(readout).items() if before.get(metric, digest) != digest
    ]
    if not changed:
        message = f"the look of {shown_look(look)} is read from the rows of its first readout"
        yield Reading("pass", message, observed="unchanged", required="unchanged")
        return
    yield Reading(
        "fail",
        f"the rows of {listing(changed)} for the look of {shown_look(look)} are not those of its first readout",
        observed="changed",
        required="unchanged",
        kind="repair",
        next="restore the rows of the readout, or have the correction reviewed: egp decide --receipt FILE records it in "
        "the lock",
    )


PLAIN = "the result was read before, from other data"
"""What it means that the check is open, for people who read no statistics."""
