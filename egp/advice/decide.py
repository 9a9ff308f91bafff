"""Deciding: what people decided on a registered experiment is recorded beside its registration, and never rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from egp.advice.choices import BEFORE_LAUNCH, IN_FLIGHT, ROLL_BACK, chosen, has_begun
from egp.advice.register import PlanAsRead, candidates_in, files_of, opened, require_whole, terms_of
from egp.gate.call import CannotJudge
from egp.gate.receipt import MAX_BYTES, read_receipt
from egp.gate.stage import NOWHERE
from egp.plan.analysis.people import identity
from egp.plan.analysis.statements import somebody, stated
from egp.plan.experiment import Experiment
from egp.plan.finding import Failure, HelpfulError
from egp.plan.quantity import as_day, shown
from egp.plan.results import CANARY, TEST, FrozenReadout
from egp.plan.typed_reader import read
from egp.plan.wording import called, listing
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.record.lock import Decided, Registration, made, read_lock
from egp.record.lock.writing import update_lock
from egp.yaml.files import read_regular


@dataclass(frozen=True, slots=True)
class DecisionStatement:
    """What was decided, by whom and why, as it is given."""

    option: str
    by: str
    because: str
    handle: str = ""
    """Who, where ``by`` is a role that several people hold."""
    dissent: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The gate's record that a decision rests on."""

    path: str
    experiment: str
    verdict: str
    digest: str
    stage: str
    as_if: bool = False
    """Whether it answers for another instant than that of its call."""
    readout: FrozenReadout | None = None
    """The rows that a look was read from."""

    @property
    def is_of_ramp(self) -> bool:
        """Whether the treatment was out then, whatever the plan says of its days."""
        return self.stage not in (NOWHERE, CANARY, TEST)


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


def receipt_at(path: str) -> Receipt:
    """Reads a receipt of the gate. Raises CannotJudge."""
    recorded, _ = read_receipt(path)
    try:
        digest = sha256(read_regular(path, MAX_BYTES)).hexdigest()
    except OSError as error:
        raise CannotJudge(Failure(path, f"cannot read the receipt: {error.strerror}")) from None
    experiment, verdict, stage = (str(recorded.get(key)) for key in ("experiment", "verdict", "stage"))
    readout = read(FrozenReadout, recorded.get("readout"))
    is_whole = isinstance(readout.look, datetime) and readout.rows
    return Receipt(
        path,
        experiment,
        verdict,
        f"sha256:{digest}",
        stage,
        recorded.get("as_if") is True,
        readout if is_whole else None,
    )


def decide(
    sources: Sequence[PlanSource],
    finder: PlanFinder,
    policy: Policy,
    as_of: date,
    statement: DecisionStatement,
    receipt: Receipt | None = None,
) -> RecordedDecision:
    """Appends the decision to the plan's entry. Raises EntryRefused, and LockError for a lock that is not to be relied on."""
    terms = terms_of(finder, policy, as_of)
    lock = read_lock(terms.root)
    candidate = _only(
        [each for source in sources for each in candidates_in(opened(source, finder), terms, lock.entries)]
    )
    entry = _registered(candidate, lock.entries)
    try:
        decided = _decided(candidate, policy.roles, as_of, statement, receipt)
    except _Unfit as unfit:
        raise candidate.refused((), str(unfit), unfit.help) from None
    is_new = not any(vars(each) == vars(decided) for each in entry.decisions)
    written: tuple[str, ...] = ()
    if is_new:
        written = update_lock(terms.root, lambda entries: _append(candidate, decided, entries)).written
    return RecordedDecision(
        id=candidate.id,
        decided=decided,
        written=written,
        is_new=is_new,
        is_as_registered=entry.current_digest == candidate.digest,
        receipt=receipt,
    )


def _only(candidates: Sequence[PlanAsRead]) -> PlanAsRead:
    if not candidates:
        raise CannotJudge(Failure("", "there is no plan here to decide on", help="name the plan's file"))
    if len(candidates) > 1:
        message = f"there are {len(candidates)} plans here, and a decision is about one"
        raise candidates[1].refused((), message, "name one file, and give each plan a file of its own")
    return candidates[0]


def _registered(candidate: PlanAsRead, entries: Mapping[str, Registration]) -> Registration:
    require_whole(candidate)
    entry = entries.get(candidate.id)
    if entry is None:
        name = called(candidate.id, "the plan")
        help = f"egp register {candidate.document.path}"
        raise candidate.refused(
            ("id",), f"{name} is not registered, so that nothing can be decided on it", help
        )
    return entry


def _append(candidate: PlanAsRead, decided: Decided, entries: MutableMapping[str, Registration]) -> None:
    entry = _registered(candidate, entries)
    latest = max((each.on for each in entry.decisions if each.on), default=entry.registered)
    if latest and decided.on and decided.on < latest:
        message = f"a decision of {decided.on} would precede the entry of {latest} in the lock"
        raise candidate.refused((), message, "a decision has the date on which it is made")
    entries[candidate.id] = made(Registration, **{**vars(entry), "decisions": (*entry.decisions, decided)})


def _decided(
    candidate: PlanAsRead,
    roles: Mapping[str, Sequence[str]],
    as_of: date,
    statement: DecisionStatement,
    receipt: Receipt | None,
) -> Decided:
    plan = candidate.plan
    is_running = has_begun(plan, as_of) or (receipt is not None and receipt.is_of_ramp)
    option, means = _option(plan, statement.option, is_running)
    role, by = _decider(plan, roles, statement)
    if not stated(statement.because):
        raise _Unfit("the decision has no reason", "--because says why, for those who were not in the room")
    if receipt is not None and receipt.experiment != candidate.id:
        message = f"the receipt is of {shown(receipt.experiment)}, and the decision on {shown(candidate.id)}"
        raise _Unfit(message, "name the receipt of this experiment")
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
    )


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
    plan: Experiment, roles: Mapping[str, Sequence[str]], statement: DecisionStatement
) -> tuple[str, str]:
    """Role and handle of who decides. Whom the plan itself names as owner or tie-breaker may."""
    name, handle = somebody(statement.by), somebody(statement.handle)
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
