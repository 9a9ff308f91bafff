"""What people state in a plan, and what only stands in for a statement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment

_PLACEHOLDERS = frozenset(
    ("tbd", "tba", "tbc", "todo", "fixme", "none", "nothing", "null", "n/a", "na", "unknown", "unassigned",
     "pending", "later", "placeholder", "lorem ipsum", "xxx", "fill me in", "to be defined", "to be decided",
     "to be determined", "to be done")
)  # fmt: skip
_NOBODY = frozenset(("nobody", "no one", "noone", "everyone", "everybody", "anyone", "all", "team", "owner"))
_NOTE = r"(?:TODO|TBD|FIXME)\b|(?i:todo|tbd|fixme)\s*[:(]|<[^<>]*>$"
"""Notes to oneself, and templates in angle brackets."""
_UNMISTAKABLE = frozenset(("todo", "tbd", "tba", "tbc", "fixme"))
NOTES_BEGIN = "tTfF<"
"""What no note begins otherwise than with, for who looks at many texts."""
_NOTE_STARTS = ("todo", "tbd", "fixme", "<")
_SHIPPING = ("ship", "launch", "release", "rollout", "roll_out")
"""How the names of decisions begin that ship."""
_AROUND = "<>[]{}()\"'`*@#:;,.!?_-\N{HORIZONTAL ELLIPSIS} \t\r\n"


def stated(text: str | None) -> str:
    """What somebody wrote, trimmed; empty for a blank, for marks without a word, and for a placeholder."""
    if text is None:
        return ""
    trimmed = text.strip()
    words = trimmed.strip(_AROUND).casefold()
    return "" if not words or words in _PLACEHOLDERS or _is_note(trimmed) else trimmed


def stands_in(text: str) -> bool:
    """Whether a text is a note to oneself or a template, whatever it was meant to say: no name and no value is one."""
    return text.casefold() in _UNMISTAKABLE or _is_note(text)


def _is_note(text: str) -> bool:
    # The pattern is compiled for what begins like a note, and nothing that is one begins otherwise.
    return text[:5].lower().startswith(_NOTE_STARTS) and re.match(_NOTE, text) is not None


def ships(plan: Experiment, decision: str) -> bool:
    """Whether a decision ships a treatment, by its name or by that of a variant."""
    name = re.sub(r"[\s-]+", "_", decision.casefold())
    treatments = (variant.id for variant in plan.variants or () if variant.id and not variant.control)
    return name.startswith(_SHIPPING) or decision.casefold() in map(str.casefold, treatments)


def somebody(text: str | None) -> str:
    """A person or role as somebody wrote it; empty for what ``stated`` refuses and for nobody in particular."""
    name = stated(text)
    return "" if name.strip(_AROUND).casefold() in _NOBODY else name
