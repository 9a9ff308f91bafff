"""What moves a registered plan without its file: defaults and definitions that are not what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.plan.digest import is_of_completed
from egp.policy.resolving import moved_elsewhere, place_of, resolved
from egp.record.lock_error import LockError

if TYPE_CHECKING:
    from egp.check.run import Run
    from egp.plan.supplied import Moved
    from egp.policy.plan_files import PlanSource
    from egp.record.lock import Registration
    from egp.yaml import Document, Path


def moved_in(
    run: Run, source: PlanSource, document: Document, entry: Registration | None
) -> tuple[Moved, ...] | None:
    """What moved a plan, of its completed document; None for one that nothing but its file can move. Raises LockError.

    Under a base its registration there is compared with what the working tree would make of it.
    """
    base = run.histories.base if run.histories else None
    if base is not None:
        name = document.value.get("id") if isinstance(document.value, dict) else None
        entry = base.lock.entries.get(name) if isinstance(name, str) else None
    if entry is None or not is_of_completed(entry.current_digest):
        return None
    if base is not None and run.proposed is not None:
        document = resolved(document.own, run.proposed, source.in_policy, run.as_of, entry)
    return moved_elsewhere(document, entry).moved


def completed_in(run: Run, source: PlanSource, document: Document) -> Document:
    """A plan's document as the rules see it, for the places of what is said of it.

    Of an entry that cannot be read whoever judged the plan has said so.
    """
    if not run.policy.completes_plans:
        return document
    name = document.value.get("id") if isinstance(document.value, dict) else None
    try:
        entry = run.histories.entries.get(name) if run.histories and isinstance(name, str) else None
    except LockError:
        entry = None
    return resolved(document, run.policy, source.in_policy, run.as_of, entry)


def place_in_policy(run: Run, moved: Moved) -> tuple[Document, Path] | None:
    """The line of the policy or of the catalogue that moves plans."""
    return place_of(moved, run.proposed or run.policy)
