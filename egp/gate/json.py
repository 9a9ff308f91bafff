"""The verdict for programs. Its schema is published as ``schemas/gate.schema.json`` and versioned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.gate.call import as_text, inputs_of
from egp.gate.schema import GATE_VERSION
from egp.gate.text import next_steps
from egp.version import VERSION

if TYPE_CHECKING:
    from egp.gate.call import Judgement
    from egp.gate.reading import Reading


def render(judgement: Judgement) -> str:
    """One JSON object, keys in a fixed order, ending in a newline."""
    return as_text(record(judgement))


def record(judgement: Judgement) -> dict[str, object]:
    """The verdict, everything it rests on, and the digests of what was read."""
    decision, policy = judgement.decision, judgement.policy
    until = decision.until
    return {
        "gate": GATE_VERSION,
        "tool": {"name": "egp", "version": VERSION},
        "experiment": judgement.readout.plan.id or "",
        "asked": judgement.call.asked,
        "stage": judgement.readout.stage.name,
        "as_of": judgement.as_of.isoformat(),
        "verdict": decision.verdict,
        "hold": {"kind": decision.kind, "until": until.isoformat() if until else None}
        if decision.kind
        else None,
        "reasons": [reading.message for reading in decision.reasons],
        "next": next_steps(judgement),
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "inputs": {
            name: {"from": where, "digest": digest or None} for name, where, digest in inputs_of(judgement)
        },
        "checks": [_check(reading) for reading in decision.readings],
        "errors": [{"check": crash.check, "message": crash.message} for crash in decision.crashes],
    }


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
