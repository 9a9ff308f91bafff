"""Amending: what changed in a registered plan is declared in the plan and pinned in the lock."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from egp.advice.candidates import (
    EntryRefused,
    PlanAsRead,
    RegistrationTerms,
    candidates_in,
    opened,
    require_whole,
    terms_of,
)
from egp.advice.register import PLAN_KEYS, Pinned, RegistrationOutcome, edited_source, renewed, write
from egp.check import check
from egp.plan.analysis.registered_test import ANALYSIS, ANALYSIS_FIELD
from egp.plan.experiment import Experiment
from egp.plan.finding import HelpfulError
from egp.plan.quantity import shown
from egp.plan.wording import called, listing
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.plan_history import PlanHistories
from egp.policy.resolving import supplied_then
from egp.record.changes import changes
from egp.record.entry_files import register_command
from egp.record.lock import Amended, Registration, made, read_lock
from egp.stats.hints import Literal, get_args
from egp.yaml.edits import EditError, add

DataAccess = Literal["nothing_run", "no_results_seen", "results_seen"]
DATA_ACCESS: tuple[DataAccess, ...] = get_args(DataAccess)

QUESTIONS = {
    "reason": "Why does the plan change",
    "approver": "Who approved the change",
    "data_access": f"What was known of the results then ({listing(DATA_ACCESS, 'or')})",
}

Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class AmendmentStatement:
    """Why a registered plan is changed, who approved it, and what was known of the results then."""

    reason: str
    approver: str
    data_access: DataAccess


class StatementError(HelpfulError):
    """A statement that is not complete, and what to do about it."""


def stated(
    reason: str | None, approver: str | None, data_access: str | None, ask: Ask | None
) -> AmendmentStatement:
    """The statement; what is missing is requested where there is somebody to ask. Raises StatementError."""
    given = {"reason": reason, "approver": approver, "data_access": data_access}
    lacking = [name for name, text in given.items() if text is None]
    if lacking and ask is None:
        flags = listing(f"--{name.replace('_', '-')}" for name in lacking)
        raise StatementError(
            f"an amendment also needs {flags}", "an amendment says why, who approved it and what was known"
        )
    answers = {name: _answer(name, text, ask) for name, text in given.items()}
    return AmendmentStatement(answers["reason"], answers["approver"], answers["data_access"])  # type: ignore[arg-type]


def _answer(name: str, text: str | None, ask: Ask | None) -> str:
    """The given answer, which must do, or the first one requested that does."""
    while True:
        answer = " ".join((ask(QUESTIONS[name]) if text is None and ask else text or "").split())
        allowed = DATA_ACCESS if name == "data_access" else ()
        if answer and (not allowed or answer in allowed):
            return answer
        if text is not None:
            flag = f"--{name.replace('_', '-')}"
            help = f"write one of {', '.join(allowed)}" if allowed else f"{QUESTIONS[name].lower()}?"
            raise StatementError(f"{flag} is {shown(text)}" if answer else f"{flag} is empty", help)


def amend(
    sources: Sequence[PlanSource],
    finder: PlanFinder,
    policy: Policy,
    as_of: date,
    statement: AmendmentStatement,
) -> RegistrationOutcome:
    """Declares the plan's changes in the plan and in its entry. Raises LockError, also where writing fails."""
    terms = terms_of(finder, policy, as_of)
    lock = read_lock(terms.root)
    entries: ChainMap[str, Registration] = ChainMap({}, lock.entries)  # type: ignore[arg-type]
    after = [opened(source, finder) for source in sources]
    refusals = []
    try:
        after = _amended(after, entries, terms, statement, PlanHistories(finder, terms.root, lock))
    except EntryRefused as refused:
        refusals.append(refused.refusal)
    outcome = RegistrationOutcome(check(after, finder, policy, as_of, lock=entries), lock.path, refusals)
    if outcome.exit_status:
        return outcome
    write(
        sources, after, outcome, terms,
        lambda entries: outcome.pinned.append(_pinned(after, entries, terms, statement)),
    )  # fmt: skip
    return outcome


def _amended(
    sources: list[PlanSource],
    entries: MutableMapping[str, Registration],
    terms: RegistrationTerms,
    statement: AmendmentStatement,
    past: PlanHistories,
) -> list[PlanSource]:
    """The sources with the amendment in the plan; the entries then have it, too."""
    candidates = _candidates(sources, terms, entries)
    if not candidates:
        return sources
    candidate = _only(candidates)
    before = entries.get(candidate.id)
    if before is None:
        raise _unregistered(candidate)
    after = _pinned(sources, entries, terms, statement).entry
    is_written = len(candidate.plan.amendments) > len(before.amended) and _is_last(
        candidate.plan, terms, statement
    )
    if is_written or len(after.amended) == len(before.amended):
        return sources
    changed = _changed_fields(candidate, before, past)
    # Without history nobody knows what else changed, and an amendment that names no field may have changed any.
    if before.current_analysis != ANALYSIS and (changed or candidate.digest == before.current_digest):
        changed.append(ANALYSIS_FIELD)

    def append(plan: dict[str, Any]) -> None:
        block = _block(terms, statement, changed)
        if plan.get("amendments"):
            plan["amendments"].append(block)
        elif "amendments" in plan:
            plan["amendments"] = [block]
        else:
            add(plan, "amendments", [block], PLAN_KEYS)

    try:
        return [edited_source(candidate.source, candidate.document, append)]
    except EditError as error:
        message = f"the amendment cannot be written: {error}"
        raise candidate.refused(("amendments",), message, "add it by hand, then amend again") from None


def _candidates(
    sources: Sequence[PlanSource], terms: RegistrationTerms, entries: Mapping[str, Registration]
) -> list[PlanAsRead]:
    return [each for source in sources for each in candidates_in(source, terms, entries, is_amended=True)]


def _only(candidates: Sequence[PlanAsRead]) -> PlanAsRead:
    if len(candidates) > 1:
        message = f"there are {len(candidates)} plans here, and an amendment is about one"
        raise candidates[1].refused((), message, "name one file, and give each plan a file of its own")
    return candidates[0]


def _unregistered(candidate: PlanAsRead) -> EntryRefused:
    name = called(candidate.id, "the plan")
    help = f"a plan that is not registered is simply changed; to register it: {register_command(candidate.document.path)}"
    return candidate.refused(("id",), f"{name} is not registered, so that there is nothing to amend", help)


def _block(
    terms: RegistrationTerms, statement: AmendmentStatement, changed: Sequence[str]
) -> dict[str, object]:
    block: dict[str, object] = {
        "on": terms.as_of,
        "reason": statement.reason,
        "approver": statement.approver,
        "data_access": statement.data_access,
    }
    return {**block, "changes": list(changed)} if changed else block


def _is_last(plan: Experiment, terms: RegistrationTerms, statement: AmendmentStatement) -> bool:
    """Whether the plan ends with this amendment; an attempt that was ended may have written it, and not the lock."""
    last = plan.amendments[-1] if plan.amendments else None
    return last is not None and (last.on, last.reason, last.approver, last.data_access) == (
        terms.as_of, statement.reason, statement.approver, statement.data_access,
    )  # fmt: skip


def _pinned(
    sources: Sequence[PlanSource],
    entries: MutableMapping[str, Registration],
    terms: RegistrationTerms,
    statement: AmendmentStatement,
) -> Pinned:
    """Puts the amendment into the plan's entry. Raises EntryRefused."""
    candidate = _only(_candidates(sources, terms, entries))
    require_whole(candidate)
    before = entries.get(candidate.id)
    if before is None:
        raise _unregistered(candidate)
    if before.archived:
        message = f"{called(candidate.id, 'the plan')} was archived on {before.archived}, and is not amended any more"
        raise candidate.refused(("id",), message, "a new experiment has a plan and an id of its own")
    entry = renewed(candidate, before, terms)
    if candidate.digest != before.current_digest or before.current_analysis != ANALYSIS:
        entry = _with_amendment(candidate, entry, terms, statement)
    elif not (before.amended and _is_last(candidate.plan, terms, statement)):
        message = "nothing that the registration pins has changed since "
        message += f"the amendment of {before.amended[-1].on}" if before.amended else f"{before.registered}"
        help = "change the plan first, then amend it; a title or a link needs no amendment"
        raise candidate.refused((), message, help)
    entries[candidate.id] = entry
    return Pinned(candidate.id, candidate.document.path, entry, before)


def _with_amendment(
    candidate: PlanAsRead, entry: Registration, terms: RegistrationTerms, statement: AmendmentStatement
) -> Registration:
    latest = max((each.on for each in entry.amended if each.on), default=entry.registered)
    if latest and terms.as_of < latest:
        message = f"an amendment of {terms.as_of} would precede the entry of {latest} in the lock"
        raise candidate.refused(("amendments",), message, "an amendment has the date on which it is made")
    amended = made(
        Amended,
        digest=candidate.digest,
        on=terms.as_of,
        data_access=statement.data_access,
        analysis=ANALYSIS,
    )
    return made(
        Registration,
        **{**vars(entry), "amended": (*entry.amended, amended), "supplied": supplied_then(candidate.plan)},
    )


def _changed_fields(candidate: PlanAsRead, entry: Registration, past: PlanHistories) -> list[str]:
    """What changed since the lock's digest, where git still has the plan of that digest."""
    before = past.latest(entry.path or "", candidate.id, entry.current_digest, entry)
    if before is None:
        return []
    return [change.name for change in changes(before.plan, candidate.plan) if change.weight != "benign"]
