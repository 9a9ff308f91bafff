"""Who is who in a plan."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import category, normalize

if TYPE_CHECKING:
    from egp.experiment import Experiment


def identity(handle: str) -> str:
    """A person's or role's handle for comparison: "@PDP-PM " and "pdp-pm" are one, and so is what only looks different.

    Wide letters, dashes of another length and characters that nobody sees make no second person.
    """
    if not (handle.isascii() and handle.isprintable()):
        handle = "".join(map(_plain, normalize("NFKC", handle)))
    return "".join(handle.split()).lstrip("@").casefold()


def _plain(character: str) -> str:
    kind = category(character)
    if kind == "Pd":
        return "-"
    return "" if kind in ("Cc", "Cf", "Mn") and not character.isspace() else character


def oncall(plan: Experiment) -> str:
    """A handle to propose for who is awake when something breaks: the team's rota."""
    team = (plan.owner.team if plan.owner else None) or ""
    return f"@{team}-oncall" if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", team) else "@oncall"
