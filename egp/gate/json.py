"""The verdict for programs. Its schema is published as ``schemas/gate.schema.json`` and versioned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from egp import VERSION
from egp.gate.action import action_of
from egp.gate.call import FrozenRows, as_text, inputs_of
from egp.gate.looks import open_look_instant
from egp.gate.schema import GATE_VERSION
from egp.gate.text import next_steps
from egp.gate.withholding import rows_read
from egp.plan.analysis.registered_test import ANALYSIS

if TYPE_CHECKING:
    from egp.gate.call import GateJudgement
    from egp.gate.reading import Reading
    from egp.gate.readout import Readout


def render(judgement: GateJudgement) -> str:
    """One JSON object, keys in a fixed order, ending in a newline."""
    return as_text(record(judgement))


def record(judgement: GateJudgement) -> dict[str, object]:
    """The verdict, everything it rests on, and the digests of what was read."""
    decision, policy = judgement.decision, judgement.policy
    until = decision.until
    return {
        "gate": GATE_VERSION,
        "tool": {"name": "egp", "version": VERSION},
        "analysis": ANALYSIS,
        "experiment": judgement.readout.plan.id or "",
        "asked": judgement.call.asked,
        "stage": judgement.readout.stage.name,
        "as_of": judgement.as_of.isoformat(),
        "as_if": judgement.readout.as_if,
        "verdict": decision.verdict,
        "hold": {"kind": decision.kind, "until": until.isoformat() if until else None}
        if decision.kind
        else None,
        "reasons": [reading.message for reading in decision.reasons],
        "next": next_steps(judgement),
        "action": action_of(judgement),
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "inputs": {
            name: {"from": where, "digest": digest or None} for name, where, digest in inputs_of(judgement)
        },
        "checks": [_check(reading) for reading in decision.readings],
        "errors": [{"check": crash.check, "message": crash.message} for crash in decision.crashes],
        "readout": _readout(judgement.readout),
        "readouts": _readouts(judgement),
    }


def _readout(readout: Readout) -> dict[str, object] | None:
    """The rows that a look was read from in this call."""
    if not rows_read(readout):
        return None
    return {"look": open_look_instant(readout).isoformat(), "rows": rows_read(readout)}


def _readouts(judgement: GateJudgement) -> list[dict[str, object]]:
    """What later calls are held to: every readout that is remembered, and this one where it is the first of its look."""
    readout = judgement.readout
    own = {open_look_instant(readout): rows_read(readout)} if rows_read(readout) else {}
    known = {
        look: {**own.get(look, {}), **readout.frozen.get(look, {})} for look in {**own, **readout.frozen}
    }
    name = readout.plan.id or ""
    others = [each for each in judgement.call.frozen if each.experiment != name]
    return frozen_as_json([*others, *(FrozenRows(name, look, rows) for look, rows in known.items())])


def frozen_as_json(frozen: Iterable[FrozenRows]) -> list[dict[str, object]]:
    """Readouts as receipts have them, in a fixed order."""
    told = [(each.experiment, each.look.isoformat(), each.rows) for each in frozen]
    return [
        {"experiment": name, "look": look, "rows": dict(sorted(rows.items()))}
        for name, look, rows in sorted(told, key=lambda each: each[:2])
    ]


def _check(reading: Reading) -> dict[str, object]:
    return {
        "check": reading.check,
        "state": reading.state,
        "message": reading.message,
        "metric": reading.metric or None,
        "variant": reading.variant or None,
        "observed": reading.observed,
        "required": reading.required,
        "interval": list(reading.interval) if reading.interval else None,
        "numbers": dict(reading.numbers),
        "kind": reading.kind or None,
        "next": reading.next,
        "until": reading.until.isoformat() if reading.until else None,
        "withheld": reading.withheld,
    }
