"""Who has to act on a violation, and what they do where no edit of the plan helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.plan.quantity import shown
from egp.rules.exports import ACTORS, AUTHOR

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.plan.finding import Diagnostic


def actor_of(case: Case, diagnostic: Diagnostic) -> str:
    """Who must act on a diagnostic, one of ``ACTORS``: the author edits the plan unless its rule is about somebody else."""
    actor: str = case.exported(diagnostic.rule, "ACTOR") or AUTHOR
    return actor


def called(case: Case, actor: str) -> str:
    """Somebody who acts, in words; the author with the owner's name."""
    dri = case.plan.owner.dri if case.plan.owner else None
    is_named = actor == AUTHOR and dri and not case.judged.has_secret
    return f"{ACTORS[actor]}, {shown(dri)}" if is_named else ACTORS[actor]


def what_to_do(case: Case, diagnostic: Diagnostic) -> str:
    """Who does what, where no change of the plan alone complies."""
    by_hand = case.exported(diagnostic.rule, "by_hand")
    phrase: str = by_hand(case.broken(diagnostic)) if by_hand else ""
    help, path = diagnostic.help, diagnostic.place.path
    names_its_file = any(each.before for each in diagnostic.remedies)
    if path != case.source.shown and not names_its_file:
        help = f"in {path}, {help}"
    advice = f"{help[:1].upper()}{help[1:]}." if diagnostic.help else ""
    return phrase or advice or "No change of one or two fields complies: the plan has to be thought over."
