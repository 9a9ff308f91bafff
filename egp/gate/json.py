"""The verdict for programs, versioned by its `gate` key; a receipt has its call as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from egp.gate.action import Action, action_of
from egp.gate.call import FrozenRows
from egp.gate.judgement import inputs_of
from egp.gate.looks import open_look_instant
from egp.gate.page import next_steps
from egp.gate.reading import Reading, State
from egp.gate.verdict import Verdict
from egp.gate.withholding import rows_read
from egp.output.contract import (
    TOOL,
    EmergencyRaise,
    JudgingPolicy,
    Limits,
    OneOf,
    Reported,
    Tool,
    as_text,
)
from egp.plan.analysis.registered_test import ANALYSIS
from egp.rules.gate_check import ORDER

if TYPE_CHECKING:
    from egp.gate.judgement import GateJudgement
    from egp.gate.live import ServedNow
    from egp.gate.readout import Readout

GATE_VERSION: Literal[1] = 1

_HoldKind = Literal["wait", "repair", "inconclusive"]


class Hold(Reported):
    """Which kind of hold."""

    kind: _HoldKind
    until: datetime | None
    """The earliest call that can be answered otherwise."""


class Input(Reported):
    """Something the verdict depends on."""

    from_: str
    digest: str | None
    """Null for what is not there."""


class GateInputs(Reported):
    """Digests of what was read."""

    plan: Input
    lock: Input
    results: Input
    policy: Input


class CheckReading(Reported):
    """One reading of a check."""

    check: Annotated[str, OneOf(ORDER)]
    state: State
    message: str
    metric: str | None
    variant: str | None
    observed: str
    required: str
    interval: tuple[float, float] | None
    """In the metric's own unit: rates as fractions, times in seconds."""
    numbers: Mapping[str, float]
    kind: Literal["wait", "repair", "inconclusive", "rollback"] | None
    """What a reading that does not pass leads to."""
    next: str
    """The next step, or empty."""
    until: datetime | None
    """Before this instant the reading stays as it is."""
    withheld: bool
    """Whether what was observed is kept back until the look."""


class GateError(Reported):
    """What kept egp from judging."""

    check: str
    message: str


class RowsRead(Reported):
    """The rows that a look was read from."""

    look: datetime
    rows: Mapping[str, str]
    """Metric → digest of the rows that it was judged on."""


class GateVerdict(Reported):
    """The verdict of egp gate."""

    gate: Literal[1]
    """Version of this format."""
    tool: Tool
    analysis: Annotated[int, Limits(ge=1)]
    """Number of the analysis that judged."""
    experiment: str
    asked: str
    """The stage that was requested, or monitor."""
    stage: str
    """The stage in which the treatment is."""
    as_of: datetime
    as_if: bool
    """Whether that is another instant than the one of the call, so that the answer opens nothing."""
    verdict: Verdict
    """Exit status 0 of proceed, 1 of hold, 2 of could_not_judge, 3 of roll_back."""
    hold: Hold | None
    reasons: tuple[str, ...]
    next: tuple[str, ...]
    action: Action
    policy: JudgingPolicy
    inputs: GateInputs
    checks: tuple[CheckReading, ...]
    errors: tuple[GateError, ...]
    readout: RowsRead | None
    """Of this call; null before the look."""
    readouts: tuple[FrozenRows, ...]
    ledger: str | None
    """Digest of the last entry of the ledger that counted; null where there is none."""
    emergencies: tuple[EmergencyRaise, ...]
    """Of the ledger, those that are over included."""
    served: ServedShares | None
    """Null where no export of what is served was given."""


class FlagServed(Reported):
    """What one flag of the plan serves, beside the ledger."""

    outcome: Literal["same", "less", "more", "could_not_judge"]
    message: str
    next: str


class ServedShares(Reported):
    """An export of what is served now, compared with the ledger; the exit status is the heavier of its own and the verdict's."""

    from_: str
    digest: str | None
    """Null for a file that cannot be read."""
    exit_status: Literal[0, 1, 2]
    flags: tuple[FlagServed, ...]


class RecordedCall(Reported):
    """How the gate was called, for --replay. Paths are relative to the working directory."""

    plan: str
    results: str
    to: str
    """A stage, or empty for --monitor."""
    treatment_revision: str
    variant: str
    policy: str
    """As given with --policy, or empty."""
    policy_from: str
    """As given with --policy-from, or empty."""
    source: str
    """Url of the warehouse without user, password and options, or empty."""
    as_of: str | None
    served: str
    """FORMAT=FILE of an export of what is served now, or empty."""


class Receipt(GateVerdict):
    """A verdict with the call that led to it."""

    call: RecordedCall


def render(judgement: GateJudgement) -> str:
    """One JSON object, keys in a fixed order, ending in a newline."""
    return as_text(record(judgement))


def record(judgement: GateJudgement) -> GateVerdict:
    """The verdict, everything it rests on, and the digests of what was read."""
    decision = judgement.decision
    inputs = {name: Input(from_=where, digest=digest or None) for name, where, digest in inputs_of(judgement)}
    return GateVerdict(
        gate=GATE_VERSION,
        tool=TOOL,
        analysis=ANALYSIS,
        experiment=judgement.readout.plan.name,
        asked=judgement.call.asked,
        stage=judgement.readout.stage.name,
        as_of=judgement.as_of,
        as_if=judgement.readout.as_if,
        verdict=decision.verdict,
        hold=Hold.of(decision) if decision.kind else None,
        reasons=tuple(reading.message for reading in decision.reasons),
        next=tuple(next_steps(judgement)),
        action=action_of(judgement),
        policy=JudgingPolicy.of(judgement.policy),
        inputs=GateInputs(**inputs),
        checks=tuple(map(_check, decision.readings)),
        errors=tuple(map(GateError.of, decision.crashes)),
        readout=_readout(judgement.readout),
        readouts=_readouts(judgement),
        ledger=judgement.ledger or None,
        emergencies=tuple(
            EmergencyRaise.of(each, settled=each.is_settled) for each in judgement.readout.emergencies
        ),
        served=_served(judgement.served) if judgement.served else None,
    )


def _served(served: ServedNow) -> ServedShares:
    return ServedShares(
        from_=served.stated,
        digest=served.digest or None,
        exit_status=served.status,  # type: ignore[arg-type]
        flags=tuple(map(FlagServed.of, served.shares)),
    )


def _readout(readout: Readout) -> RowsRead | None:
    """The rows that a look was read from in this call."""
    rows = rows_read(readout)
    return RowsRead(look=open_look_instant(readout), rows=rows) if rows else None


def _readouts(judgement: GateJudgement) -> tuple[FrozenRows, ...]:
    """What later calls are held to: every readout that is remembered, and this one where it is the first of its look."""
    readout = judgement.readout
    own = {open_look_instant(readout): rows_read(readout)} if rows_read(readout) else {}
    known = {
        look: {**own.get(look, {}), **readout.frozen.get(look, {})} for look in {**own, **readout.frozen}
    }
    name = readout.plan.name
    others = [each for each in judgement.call.frozen if each.experiment != name]
    return in_order(
        [*others, *(FrozenRows(experiment=name, look=look, rows=rows) for look, rows in known.items())]
    )


def in_order(frozen: Iterable[FrozenRows]) -> tuple[FrozenRows, ...]:
    """Readouts as receipts have them."""
    found = sorted(frozen, key=lambda each: (each.experiment, each.look.isoformat()))
    return tuple(FrozenRows.of(each, rows=dict(sorted(each.rows.items()))) for each in found)


def _check(reading: Reading) -> CheckReading:
    return CheckReading.of(
        reading,
        metric=reading.metric or None,
        variant=reading.variant or None,
        kind=reading.kind or None,
    )
