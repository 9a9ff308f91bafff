"""The report of a check, in the format that is asked for."""

from __future__ import annotations

import os
from shlex import quote
from typing import TYPE_CHECKING

from egp.commands import terminal

if TYPE_CHECKING:
    from egp.report.model import Report
    from egp.report.text import Style


def rendered(report: Report, form: str, style: Style | None) -> str:
    if form == "json":
        from egp.report import json

        return json.render(report)
    from egp.report import text

    style = style or text.Style(terminal.PIPED_WIDTH, piped=True)
    return "\n".join(text.render(report, style, _explain_with(report.policy.name))) + "\n"


def _explain_with(policy: str) -> str:
    """What `egp explain` needs to quote the policy of the report, where it would find another one by itself."""
    from egp.policy.locate import find_policy
    from egp.policy.reading import STANDARD

    found = find_policy(os.getcwd(), [])
    return "" if policy == (terminal.shown(found) if found else STANDARD) else f" --policy {quote(policy)}"
