"""Who is who in a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


def identity(handle: str) -> str:
    """A person's or role's handle for comparison: "@PDP-PM " and "pdp-pm" are one."""
    return handle.strip().removeprefix("@").casefold()
