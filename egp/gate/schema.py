"""The contract of the JSON of ``egp gate`` and of its receipts: published as a schema, versioned by ``gate``."""

from __future__ import annotations

from typing import get_args

from egp.gate.reading import State
from egp.gate.verdict import EXIT_STATUS
from egp.output.report.contract import list_of, object_of
from egp.rules.gate_check import ORDER

GATE_VERSION = 1


_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_INSTANT = {"type": "string", "format": "date-time"}
_INSTANT_OR_NULL = {"type": ["string", "null"], "format": "date-time"}
_INPUT = object_of(
    "Something the verdict depends on.",
    **{"from": _TEXT, "digest": {**_TEXT_OR_NULL, "description": "Null for what is not there."}},
)
_CHECK = object_of(
    "One reading of a check.",
    check={"enum": list(ORDER)},
    state={"enum": list(get_args(State))},
    message=_TEXT,
    metric=_TEXT_OR_NULL,
    variant=_TEXT_OR_NULL,
    observed=_TEXT,
    required=_TEXT,
    interval={
        "anyOf": [
            {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
            {"type": "null"},
        ],
        "description": "In the metric's own unit: rates as fractions, times in seconds.",
    },
    numbers={"type": "object", "additionalProperties": {"type": "number"}},
    kind={
        "enum": ["wait", "repair", "inconclusive", "rollback", None],
        "description": "What a reading that does not pass leads to.",
    },
    next={**_TEXT, "description": "The next step, or empty."},
    until={**_INSTANT_OR_NULL, "description": "Before this instant the reading stays as it is."},
    withheld={"type": "boolean", "description": "Whether what was observed is kept back until the look."},
)
_CALL = object_of(
    "How the gate was called, for --replay. Paths are relative to the working directory.",
    plan=_TEXT,
    results=_TEXT,
    to={**_TEXT, "description": "A stage, or empty for --monitor."},
    as_of=_TEXT_OR_NULL,
    treatment_revision=_TEXT,
    variant=_TEXT,
    policy={**_TEXT, "description": "As given with --policy, or empty."},
    policy_from={**_TEXT, "description": "As given with --policy-from, or empty."},
    source={**_TEXT, "description": "Url of the warehouse without user, password and options, or empty."},
)

_SHARE_OR_NULL = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_ACTION = object_of(
    "What a pipeline is to do with the traffic.",
    do={
        "enum": ["raise", "stay", "roll_back", "nothing"],
        "description": "Nothing where the answer is as if it were another instant.",
    },
    flag={**_TEXT_OR_NULL, "description": "The feature flag of the plan."},
    share_now={**_SHARE_OR_NULL, "description": "Treated share of the stage in which the treatment is."},
    share_asked={**_SHARE_OR_NULL, "description": "Treated share of the stage that was asked for."},
    earliest_next_call=_INSTANT_OR_NULL,
    rollback={
        "anyOf": [
            object_of(
                "How the treatment is withdrawn.",
                to=_TEXT_OR_NULL,
                method=_TEXT_OR_NULL,
                minutes={"type": ["number", "null"], "description": "Longest time until it is complete."},
                owner=_TEXT_OR_NULL,
            ),
            {"type": "null"},
        ]
    },
    commit={**_TEXT_OR_NULL, "description": "Of git, that the gate was called on."},
)
_ROWS = {
    "type": "object",
    "additionalProperties": _TEXT,
    "description": "Metric → digest of the rows that it was judged on.",
}
_READOUT = object_of("The rows that a look was read from.", look=_INSTANT, rows=_ROWS)
_READOUT_OF = object_of(
    "The rows that a look of an experiment may be read from.", experiment=_TEXT, look=_INSTANT, rows=_ROWS
)

_RECORD = object_of(
    "The verdict of egp gate.",
    gate={"const": GATE_VERSION, "description": "Version of this format."},
    tool=object_of("The program.", name={"const": "egp"}, version=_TEXT),
    analysis={"type": "integer", "minimum": 1, "description": "Number of the analysis that judged."},
    experiment=_TEXT,
    asked={**_TEXT, "description": "The stage that was asked for, or monitor."},
    stage={**_TEXT, "description": "The stage in which the treatment is."},
    as_of=_INSTANT,
    as_if={
        "type": "boolean",
        "description": "Whether that is another instant than the one of the call, so that the answer opens nothing.",
    },
    verdict={"enum": list(EXIT_STATUS), "description": "Exit status 0, 1, 2 and 3, in this order."},
    hold={
        "anyOf": [
            object_of(
                "Which kind of hold.",
                kind={"enum": ["wait", "repair", "inconclusive"]},
                until={
                    **_INSTANT_OR_NULL,
                    "description": "The earliest call that can be answered otherwise.",
                },
            ),
            {"type": "null"},
        ]
    },
    reasons=list_of(_TEXT),
    next=list_of(_TEXT),
    action=_ACTION,
    policy=object_of("The policy that judged.", name=_TEXT, version=_TEXT, digest=_TEXT),
    inputs=object_of("Digests of what was read.", plan=_INPUT, lock=_INPUT, results=_INPUT, policy=_INPUT),
    checks=list_of(_CHECK),
    errors=list_of(object_of("What kept egp from judging.", check=_TEXT, message=_TEXT)),
    readout={"anyOf": [_READOUT, {"type": "null"}], "description": "Of this call; null before the look."},
    readouts=list_of(_READOUT_OF),
)

GATE_SCHEMA: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Verdict of egp gate; a receipt has its call as well",
    **_RECORD,
    "properties": {**_RECORD["properties"], "call": _CALL},
}
