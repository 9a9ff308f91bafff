"""The contract of the JSON of ``egp policy test``: published as a schema, versioned by ``policy_test``."""

from __future__ import annotations

from egp.output.report.contract import list_of, object_of

POLICY_TEST_VERSION = 1

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_SIDE = {
    "type": ["boolean", "null"],
    "description": "Whether a result changes when the number moves by one step; null where there is no such number.",
}

POLICY_TEST_SCHEMA: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Outcome of egp policy test",
    **object_of(
        "What came of the tests of a policy.",
        policy_test={"const": POLICY_TEST_VERSION, "description": "Version of this format."},
        tool=object_of("The program.", name={"const": "egp"}, version=_TEXT),
        policy=object_of("The policy that was tested.", name=_TEXT, version=_TEXT, digest=_TEXT),
        summary=object_of("Counts.", **dict.fromkeys(("tests", "failed", "numbers", "covered"), _COUNT)),
        tests=list_of(
            object_of(
                "A test.",
                name=_TEXT,
                place={**_TEXT, "description": "File and line."},
                succeeded={"type": "boolean"},
                objections={**list_of(_TEXT), "description": "Why it failed."},
            )
        ),
        diagnostics=list_of(
            object_of(
                "What is wrong with the policy itself, as an override that another file name escapes.",
                id=_TEXT,
                place={**_TEXT, "description": "File and line."},
                rules={**list_of(_TEXT), "description": "The rules that it is about."},
                message=_TEXT,
                help=_TEXT,
            )
        ),
        boundaries=list_of(
            object_of(
                "A number that the policy sets itself, and where tests stand.",
                rule=_TEXT,
                option=_TEXT,
                value=_TEXT,
                default={"type": "boolean", "description": "Whether it is the default of the rule."},
                place={**_TEXT, "description": "File and line that set it, or adopt its rule."},
                applies_to={**_TEXT, "description": "For which plans and from when; empty for all."},
                below=_SIDE,
                at={"type": "boolean", "description": "Whether the plan of a test stands just on it."},
                above=_SIDE,
            )
        ),
    ),
}
