"""Whether a report for programs is what its declaration says."""

from __future__ import annotations

import json
import re
from functools import cache

from jsonschema import Draft202012Validator, FormatChecker
from pydantic import TypeAdapter

from egp.cli.schemas import REPORTS, schema_of_report
from egp.output.contract import as_text

_SURROGATE = re.compile(r"\\ud[89a-f]..")
"""Half a character, as hostile plans have it; pydantic reads no such JSON."""


@cache
def validator(name: str) -> Draft202012Validator:
    """Of the schema that is published by this name."""
    return Draft202012Validator(schema_of_report(name), format_checker=FormatChecker())


def require_declared(name: str, text: str) -> None:
    """Raises where the text does not fit its schema, or says otherwise once it has been read by its declaration."""
    validator(name).validate(json.loads(text))
    text = _SURROGATE.sub(r"\\ufffd", text)
    assert json.loads(as_text(TypeAdapter(REPORTS[name][0]).validate_json(text))) == json.loads(text)
