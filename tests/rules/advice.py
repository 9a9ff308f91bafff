"""What a diagnostic advises, applied to a plan as the memo applies it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from egp.advice.edits import changed
from egp.advice.options.advised import advised
from egp.yaml import Path, read_text
from egp.yaml.edits import Edit

Option = Sequence[Edit]
"""Changes that belong together."""


def options(help: str, at: Path) -> list[Option]:
    """The ways out that the advice offers in so many words."""
    return [candidate.changes for candidate in advised(help, at)]


def applied(plan: dict[str, Any], option: Option) -> dict[str, Any]:
    """The plan with the changes made."""
    value = read_text(changed(json.dumps(plan), option))[0].value
    assert isinstance(value, dict)
    return value
