"""A plan judged: everything that the verdict rests on is read, each with its digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from egp.gate.call import Call, CannotJudge
from egp.gate.canary_again import dated_by, decided
from egp.gate.clock import MAX_SKEW, elapsed, instant, zone_of
from egp.gate.kept import NO_DIGEST, Kept, counting, entry_digest, kept_in, stages_entered
from egp.gate.live import ServedNow, heaviest, served_now
from egp.gate.move import MONITOR, Move, MoveError, move_to
from egp.gate.plan_read import PlanRead, completed, plan_named
from egp.gate.readout import Readout
from egp.gate.verdict import Decision
from egp.plan.digest import plan_digest
from egp.plan.finding import Failure
from egp.plan.quantity import as_day, shown
from egp.plan.wording import listing
from egp.policy.locate import lock_folder
from egp.policy.resolving import moved_elsewhere
from egp.policy.timing import Timing
from egp.record.emergencies import emergencies
from egp.record.lock import Registration
from egp.record.sources import ResultsError
from egp.record.sources.file import read_evidence
from egp.rules.gate_check import load
from egp.yaml.files import shown_path

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.results import Evidence, StageEntry
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder
    from egp.record.sources import RowSource


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


def judge(call: Call, finder: PlanFinder, policy: Policy) -> GateJudgement:
    """Reads the inputs and decides. Raises CannotJudge where there is no plan, no results or no such stage."""
    root = lock_folder(finder.folder, policy.home)
    read = plan_named(call, finder, root)
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
    ledger = counting(call, kept.ledger, zone)
    raised = emergencies(ledger)
    entered = stages_entered(ledger, raised, call.to)
    plan = dated_by(ledger, plan, zone)
    evidence = _evidence(call, plan, policy, root, entered)
    traits = policy.traits_of(plan)
    known |= {"lock": entry_digest(plan, registration), "results": evidence.digest}
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
        in_canary_again=ledger is not None and ledger.is_in_canary_again,
        unjudged=ledger.unjudged if ledger else (),
    )
    inputs = Inputs(**known, policy=policy.digest)
    last = ledger.last if ledger and ledger.is_there else ""
    served = served_now(call.served, plan, ledger, policy, as_of.date()) if call.served else None
    return GateJudgement(call, readout, decided(readout, kept.troubles), inputs, policy, last, served)


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


def compared_alone(call: Call, finder: PlanFinder, policy: Policy) -> ServedNow:
    """What is served now beside the ledger, without results. Raises CannotJudge."""
    root = lock_folder(finder.folder, policy.home)
    read = plan_named(call, finder, root)
    kept = kept_in(root, read.plan)
    if kept.ledger is None:
        raise CannotJudge(*(Failure("", each.message) for each in kept.troubles))
    stated = call.as_of or call.now
    assert stated is not None, "a call says when it is, or as of when it judges"
    read = completed(read, finder, policy, kept.registration, as_day(stated))
    ledger = counting(call, kept.ledger, zone_of(read.plan))
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


def inputs_of(judgement: GateJudgement) -> Iterator[tuple[str, str, str]]:
    """(name, where it was read, digest) of every input."""
    call, inputs = judgement.call, judgement.inputs
    yield "plan", shown_path(call.plan), inputs.plan
    yield "lock", "egp.lock", inputs.lock
    yield "results", shown_path(call.results), inputs.results
    yield "policy", judgement.policy.name_and_version, inputs.policy
