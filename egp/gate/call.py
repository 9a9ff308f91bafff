"""One call of the gate: what is requested, reading what it rests on, and the judgement with the digests of its inputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from hashlib import sha256
from typing import TYPE_CHECKING

from egp.gate.clock import MAX_SKEW, day_end, elapsed, instant, zone_of
from egp.gate.live import ServedNow, heaviest, served_now
from egp.gate.move import MONITOR, Move, MoveError, move_to
from egp.gate.readout import Readout
from egp.gate.verdict import Crash, Decision, decide
from egp.output.contract import Reported
from egp.plan.analysis.registered_test import ANALYSIS
from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.plan.finding import Failure, FailuresError
from egp.plan.quantity import Moment, as_day, shown
from egp.plan.wording import listing
from egp.policy.locate import lock_folder
from egp.policy.resolving import moved_elsewhere
from egp.policy.timing import Timing
from egp.record.emergencies import Emergency, emergencies
from egp.record.ledger import Ledger, read_ledger
from egp.record.lock import Lock, LockError, Registration, made, read_lock
from egp.record.lock.text import rendered
from egp.record.sources import ResultsError
from egp.record.sources.file import read_evidence
from egp.rules.gate_check import load
from egp.yaml import read_file
from egp.yaml.files import shown_path

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.results import Evidence, StageEntry
    from egp.plan.typed_reader import ValueProblem
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.record.sources import RowSource
    from egp.record.sources.warehouse.asking import Asking
    from egp.yaml import Document

NO_DIGEST = ""


class FrozenRows(Reported):
    """The rows that a look of an experiment may be read from, as a receipt has them."""

    experiment: str
    look: datetime
    rows: Mapping[str, str]
    """Metric → digest of the rows that it was judged on."""


Frozen = tuple[FrozenRows, ...]


class CannotJudge(FailuresError):
    """The gate cannot even begin; exit status 2."""

    def __init__(self, *failures: Failure) -> None:
        super().__init__(failures)
        self.experiment = ""
        """Of the plan, where it could be read so far."""
        self.known: dict[str, str] = {}
        """Digests of the inputs that could be read so far."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is requested, as on the command line."""

    plan: str
    results: str
    to: str = ""
    """A stage; empty for ``--monitor``."""
    as_of: Moment | None = None
    """As stated; None for now."""
    now: datetime | None = None
    """What the clock of the call says; None for one whose answer is as if it were then."""
    treatment_revision: str = ""
    variant: str = ""
    policy: str = ""
    """As given; empty for the policy that is found."""
    policy_from: str = ""
    """The branch or commit that it is read from, as given; empty for the working tree."""
    source: str = ""
    """Url of a warehouse that the rows are computed in, which may hold a password, or where its connection comes from."""
    asking: Asking | None = None
    """How the warehouse is queried; None for without limits."""

    commit: str = ""
    """Of git, that the call was made on; empty outside of a repository."""
    frozen: Frozen = ()
    """Readouts that are remembered from earlier calls."""
    is_replay: bool = False
    """Whether these are all that was remembered, whatever results and lock say today."""
    analysis: int = ANALYSIS
    """By which the receipt that is replayed judged."""
    ledger: str | None = None
    """Digest of the last entry of the ledger that counted, of a receipt that is replayed."""
    served: str = ""
    """FORMAT=FILE of an export of what is served now; empty for none."""

    @property
    def asked(self) -> str:
        return self.to or "monitor"

    @property
    def is_monitor(self) -> bool:
        return not self.to


@dataclass(frozen=True, slots=True)
class Inputs:
    """Digests of everything that the verdict depends on; equal inputs give an equal verdict."""

    plan: str
    """Of the plan's material fields; empty for a plan with errors."""
    lock: str
    """Of the plan's entry in the lock; empty without one."""
    results: str
    policy: str


@dataclass(frozen=True, slots=True)
class GateJudgement:
    """The decision, with what a reader needs to place it."""

    call: Call
    readout: Readout
    decision: Decision
    inputs: Inputs
    policy: Policy
    ledger: str = ""
    """Digest of the last entry that counted; empty without a ledger."""
    served: ServedNow | None = None
    """What is served now beside the ledger, where an export of it was given."""

    @property
    def exit_status(self) -> int:
        """The verdict's, or a heavier one of what is served."""
        own = self.decision.exit_status
        return heaviest((own, self.served.status)) if self.served else own

    @property
    def as_of(self) -> datetime:
        return self.readout.as_of


@dataclass(frozen=True, slots=True)
class PlanRead:
    """A plan as it was read."""

    source: PlanSource
    document: Document
    plan: Experiment
    problems: tuple[ValueProblem, ...]
    is_whole: bool
    is_readable: bool = True
    """Whether nothing in its file is unreadable, beside the plan either."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of an experiment: its entry in the lock, its ledger, and what is damaged of them."""

    registration: Registration | None = None
    ledger: Ledger | None = None
    troubles: tuple[Crash, ...] = ()


def judge(call: Call, finder: PlanFinder, policy: Policy) -> GateJudgement:
    """Reads the inputs and decides. Raises CannotJudge where there is no plan, no results or no such stage."""
    root = lock_folder(finder.folder, policy.home)
    read = _plan(call, finder, root)
    kept = kept_in(root, read.plan)
    stated = call.as_of or call.now
    assert stated is not None, "a call says when it is, or as of when it judges"
    read = completed(read, finder, policy, kept.registration, as_day(stated))
    return judge_plan(call, finder, policy, read, kept, root)


def judge_plan(
    call: Call, finder: PlanFinder, policy: Policy, read: PlanRead, kept: Kept, root: str
) -> GateJudgement:
    """Decides of a plan that was read, whatever commit it is of. Results lie in the root. Raises CannotJudge."""
    digest = plan_digest(read.plan) if read.is_whole else NO_DIGEST
    known = {"plan": digest}
    try:
        return _judged(call, finder, policy, read, kept, root, known)
    except CannotJudge as error:
        error.experiment, error.known = read.plan.name, known
        raise


def _judged(
    call: Call,
    finder: PlanFinder,
    policy: Policy,
    read: PlanRead,
    kept: Kept,
    root: str,
    known: dict[str, str],
) -> GateJudgement:
    plan, registration = read.plan, kept.registration
    zone = zone_of(plan)
    ledger = _counting(call, kept.ledger, zone)
    raised = emergencies(ledger)
    entered = _stages(ledger, raised, call.to)
    evidence = _evidence(call, plan, policy, root, entered)
    traits = policy.traits_of(plan)
    known |= {"lock": _entry_digest(plan, registration), "results": evidence.digest}
    as_of, as_if = _when(call, zone, instant(evidence.as_of, zone))
    path = (registration.path or "") if registration else ""
    judged = finder.judged_at(read.source, path, lock_folder(finder.folder, policy.home))
    timing = Timing(as_of.date(), registration.registered if registration else None)
    readout = Readout(
        plan=plan,
        evidence=evidence,
        move=_move(call, plan),
        as_of=as_of,
        registration=registration,
        digest=known["plan"],
        moved=moved_elsewhere(read.document, registration).moved if registration else (),
        rules={each.rule.id: each for each in policy.adopted(judged.in_policy, traits, timing).alone},
        organisation=policy.organisation(traits.tier),
        options={
            check_id: load(check_id).params(**{name: value.value for name, value in options.items()})
            for check_id, options in policy.gate.items()
        },
        treatment_revision=call.treatment_revision,
        treatment=_variant(call, plan),
        as_if=as_if,
        frozen=_frozen(call, plan, evidence, registration, zone),
        judged_by=call.analysis,
        emergencies=raised,
        was_rolled_back=ledger is not None and ledger.was_rolled_back,
    )
    inputs = Inputs(**known, policy=policy.digest)
    last = ledger.last if ledger and ledger.is_there else ""
    served = served_now(call.served, plan, ledger, policy, as_of.date()) if call.served else None
    return GateJudgement(call, readout, decide(readout, kept.troubles), inputs, policy, last, served)


def _when(call: Call, zone: tzinfo, taken: datetime) -> tuple[datetime, bool]:
    """The instant that is judged, and whether it is another than that of the call.

    A day is its first instant, and that of the results where they were taken on it.
    """
    stated = call.as_of if call.as_of is not None else call.now
    assert stated is not None, "a call says when it is, or as of when it judges"
    is_of_that_day = not isinstance(stated, datetime) and taken.date() == stated
    as_of = taken if is_of_that_day else instant(stated, zone)
    return as_of, call.now is None or abs(elapsed(call.now, as_of)) > MAX_SKEW


def _frozen(
    call: Call, plan: Experiment, evidence: Evidence, entry: Registration | None, zone: tzinfo
) -> dict[datetime, Mapping[str, str]]:
    """Look → the rows that it may be read from: as reviewed last, else as they were the first time."""
    reviewed = [each.readout for each in reversed(entry.decisions)] if entry and not call.is_replay else []
    noted = evidence.results.readouts if not call.is_replay else ()
    found: dict[datetime, Mapping[str, str]] = {}
    for look, rows in (
        *((each.look, each.rows) for each in reviewed if each),
        *((each.look, each.rows) for each in call.frozen if each.experiment == plan.name),
        *((each.look, each.rows) for each in noted),
    ):
        if look is not None and rows:
            found.setdefault(instant(look, zone), rows)
    return found


def _move(call: Call, plan: Experiment) -> Move:
    if not call.to:
        return MONITOR
    try:
        return move_to(plan, call.to)
    except MoveError as error:
        raise CannotJudge(Failure(call.plan, str(error), help=error.advice)) from None


def _variant(call: Call, plan: Experiment) -> str:
    """The treatment that is ramped. A plan with several is judged for one."""
    treatments = [variant.id for variant in plan.variants or () if variant.id and not variant.control]
    if call.variant and call.variant not in treatments:
        known = listing(map(shown, treatments)) or "none"
        message = f"--variant {shown(call.variant)} is no treatment of the plan"
        raise CannotJudge(Failure(call.plan, message, help=f"its treatments are {known}"))
    if call.to and not call.variant and len(treatments) > 1:
        known = listing(map(shown, treatments), "or")
        message = f"the plan has {len(treatments)} treatments, and one of them is ramped"
        raise CannotJudge(Failure(call.plan, message, help=f"--variant {known}"))
    return call.variant


def _plan(call: Call, finder: PlanFinder, root: str) -> PlanRead:
    sources = finder.asked([call.plan])
    if finder.failures:
        raise CannotJudge(*(_archived(call, finder, root) or finder.failures))
    if len(sources) != 1:
        raise CannotJudge(Failure(call.plan, "the gate judges one plan", help="name the plan's file"))
    source = sources[0]
    if finder.leaves_repository(source):
        message = "this link leads out of the repository"
        raise CannotJudge(Failure(source.shown, message, help="commit the plan itself"))
    if finder.crosses(source):
        message = "this link leads into a folder that another policy owns"
        raise CannotJudge(Failure(source.shown, message, help="commit the plan itself"))
    try:
        documents = source.documents()
    except OSError as error:
        raise CannotJudge(Failure(source.shown, f"cannot read this file: {error.strerror}")) from None
    return _chosen(call, source, documents)


def _archived(call: Call, finder: PlanFinder, root: str) -> list[Failure]:
    """What the lock remembers of an experiment whose plan is missing, where the file was named for it."""
    path = os.path.normpath(os.path.join(finder.folder, call.plan))
    name = os.path.splitext(os.path.basename(path))[0]
    try:
        entry = read_lock(root).entries.get(name)
    except LockError:
        return []
    if (
        not entry
        or not entry.archived
        or os.path.join(root, entry.path or "") != path
        or os.path.lexists(path)
    ):
        return []
    message = (
        f"{name} was archived on {entry.archived}, and its plan is missing: nothing of it is entered any more"
    )
    return [Failure(call.plan, message, help="register a new experiment, with an id of its own")]


def _chosen(call: Call, source: PlanSource, documents: list[Document]) -> PlanRead:
    """The plan of the file; of several the one that the results are of."""
    is_readable = not any(each.problems for each in documents)
    documents = [each for each in documents if isinstance(each.value, dict)]
    if len(documents) > 1 and call.results:
        wanted = _experiment_of(call.results)
        value_of = {index: each.value for index, each in enumerate(documents)}
        documents = [
            documents[index]
            for index, value in value_of.items()
            if isinstance(value, dict) and value.get("id") == wanted
        ]
    if len(documents) != 1:
        message = "there is no plan here that the results could be of"
        raise CannotJudge(Failure(source.shown, message, help=f"egp check {source.shown} says what is wrong"))
    plan, problems = read_experiment(documents[0].value)
    is_whole = not problems and is_readable
    return PlanRead(source, documents[0], plan, tuple(problems), is_whole, is_readable)


def completed(
    read: PlanRead, finder: PlanFinder, policy: Policy, entry: Registration | None, as_of: date
) -> PlanRead:
    """The plan with what defaults and catalogue of its policy add, on the day of its registration."""
    if not policy.completes_plans:
        return read
    from egp.plan.completing import read_plan
    from egp.policy.resolving import resolved

    root = lock_folder(finder.folder, policy.home)
    judged = finder.judged_at(read.source, (entry.path or "") if entry else "", root)
    document = resolved(read.document, policy, judged.in_policy, as_of, entry)
    plan, problems = read_plan(document)
    is_whole = not problems and not document.problems and read.is_readable
    return PlanRead(read.source, document, plan, tuple(problems), is_whole, read.is_readable)


def _experiment_of(results: str) -> object:
    try:
        value = read_file(results, results)[0].value
    except OSError as error:
        raise CannotJudge(Failure(results, f"cannot read the results: {error.strerror}")) from None
    return value.get("experiment") if isinstance(value, dict) else None


def _counting(call: Call, ledger: Ledger | None, zone: tzinfo) -> Ledger | None:
    """The ledger as it was at the instant that is judged; None for one that cannot be read."""
    stated = call.as_of if call.as_of is not None else call.now
    if ledger is None or stated is None:
        return ledger
    if call.ledger is not None and (as_it_was := ledger.up_to(call.ledger)) is not None:
        return as_it_was
    return ledger.until(stated if isinstance(stated, datetime) else day_end(stated, zone))


def _stages(
    ledger: Ledger | None, raised: tuple[Emergency, ...], asked: str
) -> tuple[StageEntry, ...] | None:
    """The stages that were entered; where the gate is requested for one that nobody judged, those before it. None without a ledger."""
    if ledger is None or not ledger.is_there:
        return None
    unjudged = {each.share for each in raised if each.stage == asked and not each.is_settled}
    return tuple(each for each in ledger.stages() if each.treated not in unjudged)


def compared_alone(call: Call, finder: PlanFinder, policy: Policy) -> ServedNow:
    """What is served now beside the ledger, without results. Raises CannotJudge."""
    root = lock_folder(finder.folder, policy.home)
    read = _plan(call, finder, root)
    kept = kept_in(root, read.plan)
    if kept.ledger is None:
        raise CannotJudge(*(Failure("", each.message) for each in kept.troubles))
    stated = call.as_of or call.now
    assert stated is not None, "a call says when it is, or as of when it judges"
    read = completed(read, finder, policy, kept.registration, as_day(stated))
    ledger = _counting(call, kept.ledger, zone_of(read.plan))
    return served_now(call.served, read.plan, ledger, policy, as_day(stated))


def _evidence(
    call: Call, plan: Experiment, policy: Policy, root: str, entered: tuple[StageEntry, ...] | None
) -> Evidence:
    try:
        return read_evidence(call.results, plan, root, _warehouse(call, policy, root), entered)
    except ResultsError as error:
        raise CannotJudge(*error.failures) from None


def _warehouse(call: Call, policy: Policy, root: str) -> RowSource | None:
    if not call.source:
        return None
    from egp.record.sources.warehouse.asking import PLAINLY
    from egp.record.sources.warehouse.source import Warehouse

    asking = call.asking or PLAINLY
    if policy.sources is not None:
        return Warehouse(call.source, policy.sources, root, asking)
    if policy.metrics is None:
        message = f"{policy.name} names no tables to compute rows from"
        help = "add `sources:` to the policy, or a catalogue of `metrics:`"
        raise CannotJudge(Failure("", message, help=help))
    from egp.record.sources.warehouse.facts import tables_of

    return Warehouse(call.source, tables_of(policy.metrics), root, asking, policy.metrics)


def kept_in(root: str, plan: Experiment) -> Kept:
    """What lies beside the lock of a folder. What is damaged keeps the gate from judging, but not from rolling back."""
    return kept_by(lambda: read_lock(root).entries.get(plan.name), lambda: read_ledger(root, plan.name))


def kept_by(read_registration: Callable[[], Registration | None], read_entries: Callable[[], Ledger]) -> Kept:
    registration, ledger, troubles = None, None, []
    try:
        registration = read_registration()
    except LockError as error:
        troubles += [Crash("registered", f"{each.path}: {each.message}") for each in error.failures]
    try:
        ledger = read_entries()
    except LockError as error:
        troubles += [Crash("stage-order", f"{each.path}: {each.message}") for each in error.failures]
    return Kept(registration, ledger, tuple(troubles))


def _entry_digest(plan: Experiment, registration: Registration | None) -> str:
    if registration is None:
        return NO_DIGEST
    # What people decide afterwards is no input: a receipt must still replay once it has been decided on.
    judged = made(Registration, **{**vars(registration), "decisions": (), "positions": ()})
    text = rendered(Lock("", None, {plan.name: judged}, {}))
    return f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def inputs_of(judgement: GateJudgement) -> Iterator[tuple[str, str, str]]:
    """(name, where it was read, digest) of every input."""
    call, inputs = judgement.call, judgement.inputs
    yield "plan", shown_path(call.plan), inputs.plan
    yield "lock", "egp.lock", inputs.lock
    yield "results", shown_path(call.results), inputs.results
    yield "policy", judgement.policy.name_and_version, inputs.policy
