"""The contract of the JSON report: published as a schema, versioned by its ``report`` key."""

from __future__ import annotations

from egp.output.report.contract import list_of, object_of
from egp.plan.finding import SEVERITIES

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_POSITION = object_of(
    "1-based; columns count Unicode code points",
    line={"type": "integer", "minimum": 1},
    column={"type": "integer", "minimum": 1},
)
_SPAN = object_of("From start to end, the end excluded.", start=_POSITION, end=_POSITION)
_PLACE = {
    "path": _TEXT,
    "document": {**_COUNT, "description": "Number of the YAML document in the file, from 0."},
    "pointer": {**_TEXT, "description": "RFC 6901 pointer to a value that exists."},
    "span": _SPAN,
}
_DAY_OR_NULL = {"type": ["string", "null"], "format": "date"}
_WAIVER = object_of(
    "A waiver, or an entry of the baseline.",
    by={"enum": ["waiver", "baseline"]},
    place={**_TEXT, "description": "File and line that say so."},
    reason=_TEXT,
    ticket=_TEXT,
    approver=_TEXT,
    role=_TEXT,
    granted=_DAY_OR_NULL,
    expires=_DAY_OR_NULL,
    new={"type": "boolean", "description": "Whether the base that is compared with does not have it."},
)
_DIAGNOSTIC = object_of(
    "A finding, placed and weighed.",
    rule=_TEXT,
    severity={"enum": list(SEVERITIES)},
    message=_TEXT,
    **_PLACE,
    experiment=_TEXT,
    missing={**_TEXT_OR_NULL, "description": "Key that the value at the pointer lacks."},
    related=list_of(object_of("A second place that takes part.", **_PLACE, label=_TEXT)),
    observed=_TEXT,
    required=_TEXT,
    help={**_TEXT, "description": "The smallest change that passes."},
    coming={**_TEXT_OR_NULL, "description": "What the policy announces for a later day."},
    waiver={"anyOf": [_WAIVER, {"type": "null"}], "description": "What lets it pass; it does not reject."},
    fingerprint={**_TEXT, "pattern": "^[0-9a-f]{64}$"},
)
_A_DIAGNOSTIC = {"$ref": "#/$defs/Diagnostic"}

REPORT_SCHEMA: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Report of egp check",
    **object_of(
        "What egp check found.",
        report={"const": 1, "description": "Version of this format."},
        tool=object_of("The program.", name={"const": "egp"}, version=_TEXT),
        as_of={**_TEXT, "format": "date"},
        policy=object_of("The policy that judged.", name=_TEXT, version=_TEXT, digest=_TEXT),
        summary=object_of(
            "Counts. Passed and not checked count rules, once per plan.",
            **dict.fromkeys(("plans", *SEVERITIES, "waived", "not_checked", "passed"), _COUNT),
        ),
        diagnostics=list_of(_A_DIAGNOSTIC),
        not_checked=list_of(
            object_of(
                "A rule that could not run on a plan.",
                rule=_TEXT,
                severity={"enum": list(SEVERITIES)},
                path=_TEXT,
                document=_COUNT,
                experiment=_TEXT,
                needs={**_TEXT, "description": "Pointer of the missing input."},
                blocked_by={**_TEXT_OR_NULL, "description": "The rule whose error names the missing input."},
            )
        ),
        shadow={**list_of(_A_DIAGNOSTIC), "description": "What rules of severity shadow would say."},
        errors=list_of(
            object_of(
                "What kept egp from judging.",
                path=_TEXT,
                message=_TEXT,
                rule=_TEXT_OR_NULL,
                span={"anyOf": [_SPAN, {"type": "null"}]},
                help=_TEXT,
            )
        ),
    ),
    "$defs": {"Diagnostic": _DIAGNOSTIC},
}
