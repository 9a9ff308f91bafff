"""The contract of the JSON report: published as a schema, versioned by its ``report`` key."""

from __future__ import annotations

from egp.finding import SEVERITIES


def _object(description: str, /, **properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_POSITION = _object(
    "1-based; columns count Unicode code points",
    line={"type": "integer", "minimum": 1},
    column={"type": "integer", "minimum": 1},
)
_SPAN = _object("From start to end, the end excluded.", start=_POSITION, end=_POSITION)
_PLACE = {
    "path": _TEXT,
    "document": {**_COUNT, "description": "Number of the YAML document in the file, from 0."},
    "pointer": {**_TEXT, "description": "RFC 6901 pointer to a value that exists."},
    "span": _SPAN,
}

REPORT_SCHEMA: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Report of egp check",
    **_object(
        "What egp check found.",
        report={"const": 1, "description": "Version of this format."},
        tool=_object("The program.", name={"const": "egp"}, version=_TEXT),
        as_of={**_TEXT, "format": "date"},
        policy=_object("The policy that judged.", name=_TEXT, version=_TEXT, digest=_TEXT),
        summary=_object(
            "Counts. Passed and not checked count rules, once per plan.",
            **dict.fromkeys(("plans", *SEVERITIES, "waived", "not_checked", "passed"), _COUNT),
        ),
        diagnostics=_list(
            _object(
                "A finding, placed and weighed.",
                rule=_TEXT,
                severity={"enum": list(SEVERITIES)},
                message=_TEXT,
                **_PLACE,
                experiment=_TEXT,
                missing={**_TEXT_OR_NULL, "description": "Key that the value at the pointer lacks."},
                related=_list(_object("A second place that takes part.", **_PLACE, label=_TEXT)),
                observed=_TEXT,
                required=_TEXT,
                help={**_TEXT, "description": "The smallest change that passes."},
                waiver={"type": "null"},
                fingerprint={**_TEXT, "pattern": "^[0-9a-f]{64}$"},
            )
        ),
        not_checked=_list(
            _object(
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
        shadow=_list({"type": "object"}),
        errors=_list(
            _object(
                "What kept egp from judging.",
                path=_TEXT,
                message=_TEXT,
                rule=_TEXT_OR_NULL,
                span={"anyOf": [_SPAN, {"type": "null"}]},
                help=_TEXT,
            )
        ),
    ),
}
