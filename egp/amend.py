"""Amending: what changed in a registered plan is declared in the plan and pinned in the lock."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from egp.changes import changes
from egp.check import check
from egp.digest import plan_digest
from egp.document import read_bytes
from egp.edit import EditError, add
from egp.experiment import Experiment, read_experiment
from egp.lock import Amended, Registration, made, read_lock, update_lock
from egp.plan_files import PlanFinder, PlanSource
from egp.policy.model import Policy
from egp.register import (
    Candidate,
    Outcome,
    Pinned,
    Refused,
    Terms,
    candidates_in,
    edited_source,
    opened,
    require_moved,
    require_whole,
    signed_in,
    terms_of,
    write_changed,
)
from egp.sources.git import GitError, Repository
from egp.wording import called

DataAccess = Literal["nothing_run", "no_results_seen", "results_seen"]
DATA_ACCESS: tuple[DataAccess, ...] = get_args(DataAccess)

_KEYS = [key for key, _, _, _ in Experiment.fields()]


@dataclass(frozen=True, slots=True)
class Statement:
    """Why a registered plan is changed, who approved it, and what was known of the results then."""

    reason: str
    approver: str
    data_access: DataAccess


def amend(
    source: PlanSource, finder: PlanFinder, policy: Policy, as_of: date, statement: Statement
) -> Outcome:
    """Declares the plan's changes in the plan and in its entry. Raises LockError, and OSError when writing fails."""
    terms = terms_of(finder, policy, as_of)
    lock = read_lock(terms.root)
    entries = dict(lock.entries)
    read = opened(source, finder)
    after = read
    refusals = []
    try:
        after = _amended(read, entries, terms, statement)
    except Refused as refused:
        refusals.append(refused.refusal)
    outcome = Outcome(check([after], finder, policy, as_of), lock.path, refusals)
    if outcome.exit_status:
        return outcome
    write_changed([source], [after])
    try:
        update_lock(
            terms.root, lambda current: outcome.pinned.append(_pinned(after, current, terms, statement))
        )
    except Refused as refused:
        outcome.refusals.append(refused.refusal)
    return outcome


def _amended(
    source: PlanSource, entries: dict[str, Registration], terms: Terms, statement: Statement
) -> PlanSource:
    """The source with the amendment in the plan; the entries then have it, too."""
    candidates = list(candidates_in(source, terms.root))
    if not candidates:
        return source
    candidate = _only(candidates)
    before = entries.get(candidate.id)
    if before is None:
        raise _unregistered(candidate)
    if _pinned(source, entries, terms, statement).entry is before or _is_last(
        candidate.plan, terms, statement
    ):
        return source
    changed = _changed_fields(candidate, before, terms.root)

    def append(plan: dict[str, Any]) -> None:
        block = _block(terms, statement, changed)
        if plan.get("amendments"):
            plan["amendments"].append(block)
        elif "amendments" in plan:
            plan["amendments"] = [block]
        else:
            add(plan, "amendments", [block], _KEYS)

    try:
        return edited_source(source, candidate.document, append)
    except EditError as error:
        message = f"the amendment cannot be written: {error}"
        raise candidate.refused(("amendments",), message, "add it by hand, then amend again") from None


def _only(candidates: Sequence[Candidate]) -> Candidate:
    if len(candidates) > 1:
        message = f"the file has {len(candidates)} plans, and an amendment is about one"
        raise candidates[1].refused((), message, "give each plan a file of its own")
    return candidates[0]


def _unregistered(candidate: Candidate) -> Refused:
    name = called(candidate.id, "the plan")
    help = f"a plan that is not registered is simply changed; to register it: egp register {candidate.document.path}"
    return candidate.refused(("id",), f"{name} is not registered, so that there is nothing to amend", help)


def _block(terms: Terms, statement: Statement, changed: Sequence[str]) -> dict[str, object]:
    block: dict[str, object] = {
        "on": terms.as_of,
        "reason": statement.reason,
        "approver": statement.approver,
        "data_access": statement.data_access,
    }
    return {**block, "changes": list(changed)} if changed else block


def _is_last(plan: Experiment, terms: Terms, statement: Statement) -> bool:
    """Whether the plan ends with this amendment: an earlier attempt wrote it, and died before it reached the lock."""
    last = plan.amendments[-1] if plan.amendments else None
    return last is not None and (last.on, last.reason, last.approver, last.data_access) == (
        terms.as_of, statement.reason, statement.approver, statement.data_access,
    )  # fmt: skip


def _pinned(
    source: PlanSource, entries: dict[str, Registration], terms: Terms, statement: Statement
) -> Pinned:
    """Puts the amendment into the plan's entry. Raises Refused."""
    candidate = _only(list(candidates_in(source, terms.root)))
    require_whole(candidate)
    before = entries.get(candidate.id)
    if before is None:
        raise _unregistered(candidate)
    require_moved(candidate, before, terms.root)
    entry = before
    if candidate.digest != before.current_digest:
        entry = _with_amendment(candidate, before, terms, statement)
    elif not (before.amended and _is_last(candidate.plan, terms, statement)):
        message = "nothing that the registration pins has changed since "
        message += f"the amendment of {before.amended[-1].on}" if before.amended else f"{before.registered}"
        raise candidate.refused(
            (), message, "change the plan first, then amend it; a title or a link needs no amendment"
        )
    entries[candidate.id] = entry
    return Pinned(candidate.id, candidate.document.path, entry, before)


def _with_amendment(
    candidate: Candidate, entry: Registration, terms: Terms, statement: Statement
) -> Registration:
    latest = max((each.on for each in entry.amended if each.on), default=entry.registered)
    if latest and terms.as_of < latest:
        message = f"an amendment of {terms.as_of} would precede the entry of {latest} in the lock"
        raise candidate.refused(("amendments",), message, "an amendment has the date on which it is made")
    amended = made(Amended, digest=candidate.digest, on=terms.as_of, data_access=statement.data_access)
    signed = signed_in(candidate.plan, terms.as_of, entry.signed)
    return made(
        Registration,
        **{**vars(entry), "amended": (*entry.amended, amended), "signed": signed, "path": candidate.path},
    )


def _changed_fields(candidate: Candidate, entry: Registration, root: str) -> list[str]:
    """What changed since the lock's digest, where git still has the plan of that digest."""
    before = _version_of(entry.current_digest, candidate, root)
    if before is None:
        return []
    return [change.name for change in changes(before, candidate.plan) if change.weight != "benign"]


def _version_of(digest: str, candidate: Candidate, root: str) -> Experiment | None:
    try:
        for version in Repository.at(root).versions(candidate.path):
            for document in read_bytes(version.content or b"", os.path.basename(version.path)):
                plan, problems = read_experiment(document.value)
                if not problems and plan.id == candidate.id and plan_digest(plan) == digest:
                    return plan
    except GitError:
        pass
    return None
