"""Receipts of the gate that decisions rest on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from egp.gate.call import CannotJudge
from egp.gate.receipt import MAX_BYTES, read_receipt
from egp.gate.stage import NOWHERE
from egp.plan.finding import Failure
from egp.plan.results import CANARY, TEST, FrozenReadout
from egp.plan.typed_reader import read
from egp.yaml.files import read_regular


@dataclass(frozen=True, slots=True)
class Receipt:
    """The gate's record that a decision rests on."""

    path: str
    experiment: str
    verdict: str
    digest: str
    stage: str
    asked: str = ""
    """The stage that was requested, or monitor."""
    as_if: bool = False
    """Whether it answers for another instant than that of its call."""
    readout: FrozenReadout | None = None
    """The rows that a look was read from."""

    @property
    def is_of_ramp(self) -> bool:
        """Whether the treatment was out then, whatever the plan says of its days."""
        return self.stage not in (NOWHERE, CANARY, TEST)


def receipt_at(path: str) -> Receipt:
    """Reads a receipt of the gate. Raises CannotJudge."""
    recorded, _ = read_receipt(path)
    try:
        digest = sha256(read_regular(path, MAX_BYTES)).hexdigest()
    except OSError as error:
        raise CannotJudge(Failure(path, f"cannot read the receipt: {error.strerror}")) from None
    experiment, verdict, stage, asked = (
        str(recorded.get(key)) for key in ("experiment", "verdict", "stage", "asked")
    )
    readout = read(FrozenReadout, recorded.get("readout"))
    is_whole = isinstance(readout.look, datetime) and readout.rows
    return Receipt(
        path,
        experiment,
        verdict,
        f"sha256:{digest}",
        stage,
        asked,
        recorded.get("as_if") is True,
        readout if is_whole else None,
    )
