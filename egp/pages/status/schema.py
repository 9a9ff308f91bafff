"""The contract of the JSON of ``egp status``: published as a schema, versioned by ``status``."""

from __future__ import annotations

from typing import Any, get_args

from egp.gate.verdict import EXIT_STATUS
from egp.output.report.contract import list_of, object_of
from egp.pages.status.answers import WORST_FIRST
from egp.pages.status.standing import Phase

STATUS_VERSION = 1

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_DAY = {"type": "string", "format": "date"}
_DAY_OR_NULL = {"type": ["string", "null"], "format": "date"}
_INSTANT = {"type": "string", "format": "date-time"}
_INSTANT_OR_NULL = {"type": ["string", "null"], "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_PROGRESS = _or_null(object_of("How much there is of what was planned.", done=_COUNT, of=_COUNT))
_EXPERIMENT = object_of(
    "Where one experiment stands.",
    id={**_TEXT, "description": "Empty for a plan that names none."},
    title=_TEXT,
    path=_TEXT,
    owner=_TEXT,
    layer=_TEXT,
    phase={"enum": list(get_args(Phase))},
    light={
        "enum": [*WORST_FIRST, None],
        "description": "Read off the verdicts of the gate; null for an experiment that is over.",
    },
    stage={
        **_TEXT,
        "description": "Where the treatment is: canary, test or a treated share; empty where unknown.",
    },
    reasons=list_of(_TEXT),
    next=list_of({**_TEXT, "description": "What to do about it."}),
    days=_PROGRESS,
    units={**_PROGRESS, "description": "Units of the smallest variant of the test."},
    next_decision=_or_null(object_of("What is decided next.", what=_TEXT, on=_DAY_OR_NULL)),
    rejected_by=list_of({**_TEXT, "description": "A rule whose error rejects the plan."}),
    results=_or_null(object_of("What was judged.", **{"from": _TEXT, "as_of": _INSTANT})),
    gate=list_of(
        object_of(
            "An answer of the gate.",
            asked={**_TEXT, "description": "monitor, or the next stage."},
            verdict={"enum": list(EXIT_STATUS)},
            hold={"enum": ["wait", "repair", "inconclusive", None]},
            until=_INSTANT_OR_NULL,
        )
    ),
    decided=_or_null(
        object_of(
            "The latest recorded decision.",
            option=_TEXT,
            means={
                "type": ["string", "null"],
                "description": "What the letter of the option stood for then.",
            },
            on=_DAY_OR_NULL,
        )
    ),
)

STATUS_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Status of a portfolio of experiments (egp)",
    **object_of(
        "What egp status says.",
        status={"const": STATUS_VERSION, "description": "Version of this format."},
        tool=object_of("The program.", name={"const": "egp"}, version=_TEXT),
        as_of=_TEXT,
        policy=object_of("The policy that judged.", name=_TEXT, version=_TEXT, digest=_TEXT),
        complete={
            "type": "boolean",
            "description": "Whether everything could be read and judged; else exit status 2.",
        },
        summary=object_of(
            "Experiments by light, those that are over apart.",
            **dict.fromkeys(WORST_FIRST, _COUNT),
            over=_COUNT,
        ),
        experiments=list_of(_EXPERIMENT),
        waivers=list_of(
            object_of(
                "A waiver that is about to expire.",
                experiment=_TEXT,
                rule=_TEXT,
                expires=_DAY,
                approver=_TEXT,
                place={**_TEXT, "description": "File and line of it."},
            )
        ),
        layers=list_of(
            object_of(
                "A time in which experiments take a share of a layer; both days whole.",
                **{"layer": _TEXT, "from": _DAY, "to": _DAY, "exposure": {"type": "number", "minimum": 0}},
            )
        ),
        false_wins=_or_null(
            object_of(
                "Wins that the tests of a period are expected to declare if no change has an effect.",
                **{
                    "expected": {"type": "number", "minimum": 0},
                    "tests": _COUNT,
                    "from": _DAY,
                    "to": _DAY,
                    "days": _COUNT,
                    "allowed": {"type": ["number", "null"]},
                },
            )
        ),
        errors=list_of(object_of("What could not be read or judged.", path=_TEXT, message=_TEXT)),
    ),
}
