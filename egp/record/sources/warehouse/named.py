"""How a warehouse is named on the command line, and how that is reported without a secret."""

from __future__ import annotations

import re

from egp.plan.quantity import shown

NAMED = re.compile(r"(env|entry-point):([A-Za-z0-9_.-]+)")
"""A variable of the environment with the url, or the entry point of a function that connects."""


def without_secrets(url: str) -> str:
    """The url without user, password and options, and without anything that may be a part of those."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return shown(url) if NAMED.fullmatch(url) else "the warehouse"
    place, question, _ = rest.partition("?")
    if question and "@" in rest[len(place) :]:  # either of the two may belong to a password
        return shown(f"{scheme}://…")
    return shown(f"{scheme}://{place.rpartition('@')[2]}")
