"""Waivers that the lock attests: whoever guards the lock saw the waiver as it is, word for word."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date

from egp.plan.experiment import Waiver
from egp.record.lock.registration import Waived, made
from egp.yaml.sha import sha256

_PARTS = ("rule", "reason", "ticket", "approver", "role", "granted", "expires", "digest")


def waiver_digest(waiver: Waiver, experiment: str) -> str:
    """The digest of all that a waiver says, the experiment's id included, which its own plan may leave out."""
    stated = {part: getattr(waiver, part) for part in _PARTS} | {
        "experiment": waiver.experiment or experiment
    }
    text = json.dumps(
        stated, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=date.isoformat
    )
    return f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def is_attested(waiver: Waiver, experiment: str, by: Iterable[Waived]) -> bool:
    """Whether the lock has this waiver, and not only one of the same rule."""
    return waiver_digest(waiver, experiment) in {each.waiver for each in by}


def attestation(waiver: Waiver, experiment: str, on: date) -> Waived:
    """What the lock says of a waiver: for people its rule, approver and last day, for egp its digest."""
    return made(
        Waived,
        rule=waiver.rule,
        approver=waiver.approver,
        expires=waiver.expires,
        on=on,
        waiver=waiver_digest(waiver, experiment),
    )
