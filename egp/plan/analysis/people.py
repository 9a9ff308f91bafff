"""Who is who in a plan."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from egp.plan.names import folded

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment


def identity(handle: str) -> str:
    """A person's or role's handle for comparison: "@PDP-PM " and "pdp-pm" are one, and so is what only looks different."""
    return "".join(folded(handle).split()).lstrip("@")


def oncall(plan: Experiment) -> str:
    """A handle to propose for who is awake when something breaks: the team's rota."""
    team = (plan.owner.team if plan.owner else None) or ""
    return f"@{team}-oncall" if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", team) else "@oncall"
