"""Deciding: what people decided on a registered experiment is recorded beside its registration, and never rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date

from egp.advice.candidates import PlanAsRead, plans_in, require_whole, terms_of
from egp.advice.choices import (
    BEFORE_LAUNCH,
    GO_ON,
    IN_FLIGHT,
    NARROWER,
    ROLL_BACK,
    WAIT,
    checkpoint,
    chosen,
    delay_in_days,
    has_begun,
)
from egp.advice.open_options import (
    closed_before_launch,
    closed_by_calendar,
    closed_by_receipt,
    closed_in_flight,
    errors_of,
    onwards_of,
    ships,
)
from egp.advice.receipts import Receipt
from egp.advice.registration_lines import files_of
from egp.check import check
from egp.gate.call import Call, CannotJudge
from egp.gate.judgement import judge
from egp.plan.analysis.people import identity
from egp.plan.analysis.statements import somebody, stated
from egp.plan.experiment import Experiment
from egp.plan.finding import Failure, HelpfulError
from egp.plan.quantity import as_day, shown
from egp.plan.wording import called, listing
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.record.entry_files import register_command
from egp.record.lock import Decided, Overruled, Registration, made, read_lock, said
from egp.record.lock.writing import update_lock


@dataclass(frozen=True, slots=True)
class DecisionStatement:
    """What was decided, by whom and why, as it is given."""

    option: str
    by: str
    because: str
    handle: str = ""
    """Who, where ``by`` is a role that several people hold."""
    dissent: str = ""
    overrule: tuple[str, str] = ("", "")
    """Who chooses an option although it is closed, and why."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is decided on: the plan, the day, and what the gate is shown."""

    sources: Sequence[PlanSource]
    finder: PlanFinder
    policy: Policy
    as_of: date
    receipt: Receipt | None = None
    results: str = ""
    """A file of results that the gate judges now; empty where there is none."""


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision as the lock has it now."""

    id: str
    decided: Decided
    written: tuple[str, ...]
    """The files of the lock that were written."""
    is_new: bool
    is_as_registered: bool
    """Whether the plan that was decided on is the registered one."""
    receipt: Receipt | None = None


class _Unfit(HelpfulError):
    """Why a part of the statement cannot be recorded."""


def decide(request: Request, statement: DecisionStatement) -> RecordedDecision:
    """Appends the decision to the plan's entry. Raises EntryRefused, CannotJudge, and LockError for a lock that is not
    to be relied on."""
    candidate, entry, root = plan_decided_on(request)
    try:
        decided = _decided(candidate, request, statement)
    except _Unfit as unfit:
        raise candidate.refused((), str(unfit), unfit.help) from None
    is_new = not any(said(each) == said(decided) for each in entry.decisions)
    written: tuple[str, ...] = ()
    if is_new:
        written = update_lock(root, lambda entries: _append(candidate, decided, entries)).written
    return RecordedDecision(
        id=candidate.id,
        decided=decided,
        written=written,
        is_new=is_new,
        is_as_registered=entry.current_digest == candidate.digest,
        receipt=request.receipt,
    )


def plan_decided_on(request: Request) -> tuple[PlanAsRead, Registration, str]:
    """The plan, its entry in the lock, and the folder of that."""
    terms = terms_of(request.finder, request.policy, request.as_of)
    lock = read_lock(terms.root)
    candidate = _only(plans_in(request.sources, terms, lock.entries))
    return candidate, entry_of(candidate, lock.entries), terms.root


def _only(candidates: Sequence[PlanAsRead]) -> PlanAsRead:
    if not candidates:
        raise CannotJudge(Failure("", "there is no plan here to decide on", help="name the plan's file"))
    if len(candidates) > 1:
        message = f"there are {len(candidates)} plans here, and a decision is about one"
        raise candidates[1].refused((), message, "name one file, and give each plan a file of its own")
    return candidates[0]


def entry_of(candidate: PlanAsRead, entries: Mapping[str, Registration]) -> Registration:
    require_whole(candidate)
    entry = entries.get(candidate.id)
    if entry is None:
        name = called(candidate.id, "the plan")
        help = register_command(candidate.document.path)
        raise candidate.refused(
            ("id",), f"{name} is not registered, so that nothing can be decided on it", help
        )
    return entry


def _append(candidate: PlanAsRead, decided: Decided, entries: MutableMapping[str, Registration]) -> None:
    entry = entry_of(candidate, entries)
    latest = max((each.on for each in entry.decisions if each.on), default=entry.registered)
    if latest and decided.on and decided.on < latest:
        message = f"a decision of {decided.on} would precede the entry of {latest} in the lock"
        raise candidate.refused((), message, "a decision has the date on which it is made")
    entries[candidate.id] = made(Registration, **{**vars(entry), "decisions": (*entry.decisions, decided)})


def _decided(candidate: PlanAsRead, request: Request, statement: DecisionStatement) -> Decided:
    plan, as_of, receipt = candidate.plan, request.as_of, request.receipt
    is_running = has_begun(plan, as_of) or (receipt is not None and receipt.is_of_ramp)
    option, means = _option(plan, statement.option, is_running)
    role, by = _decider(plan, request.policy.roles, statement.by, statement.handle)
    if not stated(statement.because):
        raise _Unfit("the decision has no reason", "--because says why, for those who were not in the room")
    if receipt is not None and receipt.experiment != candidate.id:
        message = f"the receipt is of {shown(receipt.experiment)}, and the decision on {shown(candidate.id)}"
        raise _Unfit(message, "name the receipt of this experiment")
    overruled = _overruled(candidate, request, statement, option, is_running)
    days = delay_in_days(plan)
    waits = not is_running and option == WAIT and days
    return made(
        Decided,
        option=option,
        means=means or None,
        role=role,
        by=by or None,
        on=as_of,
        because=" ".join(statement.because.split()),
        dissent=" ".join(stated(statement.dissent).split()) or None,
        plan=candidate.digest,
        receipt=receipt.digest if receipt else None,
        readout=receipt.readout if receipt else None,
        checkpoint=checkpoint(as_of, days) if waits else None,
        overruled=overruled,
    )


def _overruled(
    candidate: PlanAsRead, request: Request, statement: DecisionStatement, option: str, is_running: bool
) -> Overruled | None:
    """Who chose a closed option all the same. Raises _Unfit for a closed one that nobody overrules."""
    letter = GO_ON if ships(option) else option
    closed = _closed(candidate, request, letter, is_running, is_own=letter != option)
    if not closed:
        return None
    who, because = statement.overrule
    if not who and not because:
        help = 'choose one that is open (egp brief shows them), or name who overrules and why: --overrule ROLE "…"'
        raise _Unfit(f"{shown(option)} is closed: {closed}", help)
    if not stated(because):
        raise _Unfit("overruling has no reason", '--overrule ROLE "why"')
    role, by = _decider(candidate.plan, request.policy.roles, who, "")
    return made(Overruled, role=role, by=by or None, because=" ".join(because.split()), closed=closed)


def _closed(candidate: PlanAsRead, request: Request, letter: str, is_running: bool, is_own: bool) -> str:
    """Why an option is closed, by the gate where it is shown results or a receipt; empty for one that is open."""
    receipt = request.receipt
    if not is_running:
        if is_own:
            return closed_by_calendar(GO_ON, candidate.plan, request.as_of)
        report = check([candidate.source], request.finder, request.policy, request.as_of)
        if report.failures:
            raise CannotJudge(*report.failures)
        return closed_before_launch(letter, len(errors_of(report)))
    if request.results:
        call = Call(candidate.source.shown, request.results, as_of=request.as_of, policy=request.policy.name)
        watched = judge(call, request.finder, request.policy)
        taken = watched.readout.taken.date()
        if taken > request.as_of:
            message = f"the results were taken on {taken}, after {request.as_of}, the day of the decision"
            raise _Unfit(message, "decide as of the day of the results or later: --as-of")
        return closed_in_flight(letter, watched, onwards_of(call, watched, request.finder, request.policy))
    if receipt is not None:
        return closed_by_receipt(letter, receipt)
    return closed_by_calendar(letter, candidate.plan, request.as_of)


def _option(plan: Experiment, asked: str, is_running: bool) -> tuple[str, str]:
    """The option as it is recorded, and what its letter stands for."""
    letters = IN_FLIGHT if is_running else BEFORE_LAUNCH
    if letter := chosen(asked, letters):
        return letter, letters[letter]
    options = [each for each in plan.decision_rule.options if stated(each)] if plan.decision_rule else []
    named = next((each for each in options if each.casefold() == asked.strip().casefold()), "")
    if named:
        return named, ""
    known = [f"{each}: {words}" for each, words in letters.items()] + [shown(each) for each in options]
    when = "while the experiment is under way" if is_running else "before the launch"
    raise _Unfit(f"{shown(asked)} is none of the options {when}", f"the options are {listing(known, 'or')}")


def _decider(
    plan: Experiment, roles: Mapping[str, Sequence[str]], named: str, handle: str
) -> tuple[str, str]:
    """Role and handle of who decides. Whom the plan itself names as owner or tie-breaker may."""
    name, handle = somebody(named), somebody(handle)
    if not name:
        raise _Unfit("the decision has no decider", "--by says who decided, as a role or a handle")
    if not roles:
        return name, handle
    if name in roles:
        return name, _holder(name, roles[name], handle)
    held = [role for role, holders in roles.items() if _is_among(name, holders)]
    if held:
        return held[0], name
    for role, who in _named_by(plan):
        if identity(who) == identity(name):
            return role, handle or (name if name.startswith("@") else "")
    known = listing([*roles, *(who for _, who in _named_by(plan))], "or")
    raise _Unfit(f"{shown(name)} holds no role that decides", f"--by {known}")


def _holder(role: str, holders: Sequence[str], handle: str) -> str:
    if handle and not _is_among(handle, holders):
        message = f"{shown(handle)} does not hold the role {role}"
        raise _Unfit(message, f"the policy names {listing(map(shown, holders), 'or') or 'nobody'}")
    if not handle and len(holders) > 1:
        raise _Unfit(f"{len(holders)} people hold the role {role}", f"--handle {listing(holders, 'or')}")
    return handle or (holders[0] if holders else "")


def _is_among(handle: str, holders: Sequence[str]) -> bool:
    return identity(handle) in map(identity, holders)


def _named_by(plan: Experiment) -> Iterator[tuple[str, str]]:
    """(role, who) of those to whom the plan gives a say."""
    if plan.owner and somebody(plan.owner.dri):
        yield "owner", somebody(plan.owner.dri)
    if plan.escalation and (to := somebody(plan.escalation.to)):
        yield to if not to.startswith("@") else "tie-breaker", to


def decision_lines(recorded: RecordedDecision) -> Iterator[str]:
    """What was recorded, in lines for people."""
    decided = recorded.decided
    option = f"{decided.option} ({decided.means})" if decided.means else decided.option
    who = f"{decided.role} ({decided.by})" if decided.by else decided.role
    head = "recorded" if recorded.is_new else "recorded already"
    yield f"{head}: on {recorded.id}, {who} decided on {decided.on} for {option}"
    yield f"  because: {decided.because}"
    if decided.dissent:
        yield f"  disagreed and committed: {decided.dissent}"
    if decided.checkpoint:
        yield f"  checkpoint on {decided.checkpoint}: without the repair by then it is C ({BEFORE_LAUNCH[NARROWER]})"
    if by := decided.overruled:
        yield f"  overruled by {by.by or by.role}, for it was closed ({by.closed}): {by.because}"
        yield "  every later page shows it, and the gate's answer stays"
    receipt = recorded.receipt
    if receipt and receipt.verdict == "roll_back" and decided.option != ROLL_BACK:
        yield "  the receipt says roll back, and no decision changes that answer"
    if receipt and receipt.as_if:
        yield "  the receipt answers as if it were another instant, and opens nothing"
    if decided.readout and decided.readout.look:
        yield f"  the look of {as_day(decided.readout.look)} is read from the rows of this receipt from now on"
    if not recorded.is_as_registered:
        yield "  the plan is not as it was registered; egp check says what changed"
    if recorded.is_new:
        yield f"commit {files_of(recorded.written)}"
