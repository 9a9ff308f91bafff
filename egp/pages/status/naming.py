"""How an experiment of the portfolio is called, and which file of a site is its page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from egp.plan.quantity import shown
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from egp.pages.status.standing import Standing

_LONGEST = 60


def name_of(each: Standing) -> str:
    return shown(each.known.id) if each.known.id else each.known.source.shown


def page_names(standings: Iterable[Standing]) -> list[str]:
    """A file name each, of letters that every system and address takes; no two are the same, whatever the ids."""
    names: list[str] = []
    for each in standings:
        named = name_of(each)
        safe = re.sub(r"[^a-z0-9]+", "-", named.lower()).strip("-")[:_LONGEST]
        if safe != named or safe in names:
            key = f"{each.known.source.path}\n{named}".encode("utf-8", "surrogatepass")
            safe = f"{safe or 'plan'}-{sha256(key).hexdigest()[:8]}"
        while safe in names:
            safe += "-2"
        names.append(safe)
    return names
