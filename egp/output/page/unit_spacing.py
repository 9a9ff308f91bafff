"""Numbers of a page in one style, "8 %" and "45 bps", whoever wrote them: the plan without a space, or egp with one.

What is quoted, and what will be copied, stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from egp.output.page.model import Command, Link, Quotation

_NUMBER = re.compile(
    r"(?P<kept>`[^`]*`|--[\w-]+[ =]\S+)|(?P<number>(?<![\w.,/-])[-+]?\d[\d.,_]*)(?P<unit>%|bps|pp|ms)(?![\w%])"
)
"""A number with its unit beside it; not in code, and not what an option of a command is given."""

T = TypeVar("T")


def in_one_style(said: T) -> T:
    """A page, or anything on it, with a space between each number and its unit."""
    styled: Any = _styled(said)
    return styled  # type: ignore[no-any-return]


def _styled(said: Any) -> Any:
    if isinstance(said, str):
        return _NUMBER.sub(_with_space, said)
    if isinstance(said, Command | Quotation | Link | Mapping | frozenset):
        return said
    if is_dataclass(said) and not isinstance(said, type):
        return replace(said, **{each.name: _styled(getattr(said, each.name)) for each in fields(said)})
    if isinstance(said, tuple) and hasattr(said, "_fields"):
        return type(said)(*map(_styled, said))
    return type(said)(map(_styled, said)) if isinstance(said, tuple | list) else said


def _with_space(found: re.Match[str]) -> str:
    return found["kept"] or f"{found['number']} {found['unit']}"
