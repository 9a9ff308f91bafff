"""The contract of the JSON of ``egp policy diff``: published as a schema, versioned by ``policy_diff``."""

from __future__ import annotations

from egp.output.report.contract import list_of, object_of

POLICY_DIFF_VERSION = 1

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_POLICY = object_of("A policy.", name=_TEXT, version=_TEXT, digest=_TEXT)
_SET = object_of(
    "What a policy sets.",
    value={**_TEXT_OR_NULL, "description": "As a policy writes it; null where it says nothing."},
    place={
        **_TEXT_OR_NULL,
        "description": "File and line; null for a default, for keys beside the rules and where nothing is set.",
    },
)
_FLIP = object_of(
    "A plan of which the policies come to different verdicts.",
    path=_TEXT,
    document={**_COUNT, "description": "Number of the YAML document in the file, from 0."},
    experiment=_TEXT,
    reasons=list_of(
        object_of(
            "What rejects it; of each rule the first finding, of at most three rules.",
            rule=_TEXT_OR_NULL,
            message=_TEXT,
            line={"type": ["integer", "null"]},
        )
    ),
)

POLICY_DIFF_SCHEMA: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Comparison of egp policy diff",
    **object_of(
        "What changed between two policies, and which plans flip.",
        policy_diff={"const": POLICY_DIFF_VERSION, "description": "Version of this format."},
        tool=object_of("The program.", name={"const": "egp"}, version=_TEXT),
        as_of={**_TEXT, "format": "date"},
        old=_POLICY,
        new=_POLICY,
        summary=object_of(
            "Counts.",
            **dict.fromkeys(
                (
                    "settings",
                    "plans",
                    "rejected_by_old",
                    "rejected_by_new",
                    "now_rejected",
                    "now_accepted",
                    "further_rejected",
                ),
                _COUNT,
            ),
        ),
        settings=list_of(
            object_of(
                "A setting of which the policies say different things.",
                rule={**_TEXT_OR_NULL, "description": "Null for a key beside the rules."},
                setting=_TEXT,
                applies_to={**_TEXT, "description": "The plans of an override; empty for all."},
                **{
                    "from": {
                        "type": ["string", "null"],
                        "format": "date",
                        "description": "The day from which it holds.",
                    }
                },
                old=_SET,
                new=_SET,
            )
        ),
        now_rejected=list_of(_FLIP),
        now_accepted=list_of(_FLIP),
        further_rejected={
            **list_of(_FLIP),
            "description": "Plans that both reject; the reasons are those of rules that did not reject them before.",
        },
        further_rules={
            "type": "object",
            "additionalProperties": _COUNT,
            "description": "Rule → how many of these plans it rejects now, and did not before.",
        },
        errors=list_of(object_of("What kept egp from judging.", path=_TEXT, message=_TEXT, help=_TEXT)),
    ),
}
