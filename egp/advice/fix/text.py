"""Repairs, shown on a terminal."""

from __future__ import annotations

from egp.advice.fix.files import Repaired
from egp.output.report.text import printable
from egp.plan.typed_reader import label


def repairs_text(repaired: Repaired, *, written: bool) -> str:
    """A line for each repair of a file, those that are left included."""
    verb = "repaired" if written else "would repair"
    lines = [
        f"{repaired.shown}: {verb} {label(each.at)}: {each.phrase} ({each.rule})" for each in repaired.made
    ]
    lines += [
        f"{repaired.shown}: left {label(each.at)}: {each.phrase} ({each.rule}): {reason}"
        for each, reason in repaired.left
    ]
    return "".join(f"{printable(line)}\n" for line in lines)
