"""What a diagnostic advises, applied to a plan as the memo applies it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from egp.advice.edits import changed
from egp.plan.finding import Diagnostic, Finding
from egp.yaml import read_text
from egp.yaml.edits import Edit

Option = Sequence[Edit]
"""Changes that belong together."""


def options(said: Finding | Diagnostic) -> list[Option]:
    """The ways out that are offered as edits."""
    return [each.edits for each in said.advice.remedies if each.edits]


def applied(plan: dict[str, Any], option: Option) -> dict[str, Any]:
    """The plan with the changes made."""
    value = read_text(changed(json.dumps(plan), option))[0].value
    assert isinstance(value, dict)
    return value
