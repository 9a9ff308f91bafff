"""``egp gate --base``: what a branch changes of what is served, judged by what the base knows.

Plan, lock, ledger, policy and the list of rollout files are the base's, so that no branch judges its own raise. Results
come from outside of the working tree, or are as the base has them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from egp.gate.base_commit import BaseCommit
from egp.gate.call import Call, CannotJudge
from egp.gate.emergency import objections_to
from egp.gate.judgement import GateJudgement, judge_plan
from egp.gate.moved import FlagChange, bare, moved
from egp.gate.naming import NamingPlans
from egp.gate.page import next_steps
from egp.gate.plan_read import PlanRead
from egp.gate.requiring import Requiring, changed, is_same, is_unread, unread_flags
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.finding import DoesNotApply, Failure, NotChecked
from egp.plan.names import folded
from egp.plan.results import CANARY, TEST
from egp.plan.wording import listing, share_text
from egp.policy.locate import lock_folder
from egp.policy.owners import joined
from egp.policy.rollout_files import CommittedRollouts, Served, read_changed
from egp.policy.scope import NO_TRAITS
from egp.policy.timing import Timing
from egp.record.emergencies import Emergency, emergencies
from egp.record.entry_files import entry_file, ledger_folder
from egp.record.lock import LOCK_FILE
from egp.record.rollouts.rollout import Rollout, Unread, VariantShare
from egp.record.sources.git import Repository
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import by_variant, control_of, reach, same, stages_of
from egp.stats.values import replace
from egp.yaml import Span, read_bytes
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import is_inside, read_regular, real_path, shown_path
from egp.yaml.position import START

if TYPE_CHECKING:
    from egp.plan.quantity import Moment
    from egp.policy.model import Adopted, Policy
    from egp.policy.plan_files import PlanFinder

Outcome = Literal["free", "proceed", "waived", "hold", "refused", "could_not_judge", "roll_back", "unplanned"]

STATUS: Mapping[Outcome, int] = {
    "free": 0, "proceed": 0, "waived": 0, "unplanned": 0, "hold": 1, "refused": 1, "could_not_judge": 2, "roll_back": 3,
}  # fmt: skip
_WORST = (3, 2, 1, 0)


@dataclass(frozen=True, slots=True)
class FlagMove:
    """What a branch does to one flag in one environment, and what the gate says of it."""

    flag: str
    environment: str
    path: str
    at: Span
    experiment: str
    kind: str
    before: float
    after: float
    stage: str
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    next: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        return STATUS[self.outcome]


@dataclass(frozen=True, slots=True)
class Changes:
    """All moves of a branch."""

    base: str
    """The commit that it is compared with."""
    as_of: Moment
    policy: Policy
    moves: tuple[FlagMove, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def exit_status(self) -> int:
        found = {each.status for each in self.moves} | ({2} if self.failures else set())
        return next((status for status in _WORST if status in found), 0)


@dataclass(frozen=True, slots=True)
class Results:
    """Where results lie: experiment → its file, and the folder that none may lie outside of."""

    root: str
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)


def changes(
    ref: str, finder: PlanFinder, policy: Policy, results: Results | None, call: Call, as_of: datetime
) -> Changes:
    """Every move between the base and the working tree, by the rollout files of every policy of the repository.

    Raises GitError for a ref that git does not know, PolicyError for a policy that cannot be read.
    """
    root = lock_folder(finder.folder, policy.home)
    repository = Repository.at(root)
    policies = naming_rollouts(finder, policy)
    bases = [BaseCommit(repository, ref, finder, owner, as_of.date()) for owner in policies]
    committed = [CommittedRollouts(base.repository, base.commit) for base in bases]
    served = read_changed(list(zip(policies, committed, strict=True)), finder.folder)
    requiring = Requiring(served)
    moves: list[FlagMove] = []
    failures: list[Failure] = []
    for owner, base, (before, after) in zip(policies, bases, served, strict=True):
        judging = _Judging(base, finder, owner, requiring, results, call, as_of)
        moves += [*judging.moves(before, after), *_unread(before, after)]
        failures += [*before.failures, *after.failures]
    moves.sort(key=lambda each: (each.path, each.at, each.flag, each.environment))
    commit = repository.merge_base(ref)
    return Changes(commit, as_of, joined(policies), tuple(moves), tuple(failures))


def naming_rollouts(finder: PlanFinder, policy: Policy) -> list[Policy]:
    """The policies that name rollout files: of a repository with several those of all folders that are delegated.

    Raises PolicyError.
    """
    owners = finder.owners
    found = [owners.policy(each) for each in owners.territories.everyone()] if owners else [policy]
    return [each for each in found if each.rollouts] or [policy]


def _unread(before: Served, after: Served) -> Iterator[FlagMove]:
    """Files that cannot be read and were changed: whatever they serve nobody knows."""
    old = {(each.path, each.reason) for each in before.unread if not each.flag}
    for each in after.unread:
        if not each.flag and not ((each.path, each.reason) in old and is_same(each.path, before, after)):
            yield _undecided(each)


def _undecided(unread: Unread) -> FlagMove:
    reasons = (f"what this serves nobody can tell: {unread.reason}",)
    return FlagMove("", "", unread.path, unread.at, "", "undecided", 0.0, 0.0, "", "could_not_judge", reasons)


class _Judging:
    """The moves of a branch while they are judged."""

    def __init__(
        self,
        base: BaseCommit,
        finder: PlanFinder,
        policy: Policy,
        requiring: Requiring,
        results: Results | None,
        call: Call,
        as_of: datetime,
    ) -> None:
        self._base = base
        self._finder = finder
        self._policy = policy
        self._requiring = requiring
        self._results = results
        self._call = call
        self._as_of = as_of
        self._here = _PlansHere(finder)

    def moves(self, before: Served, after: Served) -> Iterator[FlagMove]:
        for was, will, is_changed in changed(before, after):
            if not is_changed:
                yield from self._let_in(will)
            elif was and will and is_unread(will) and bare(was) == bare(will):
                yield from self._unknown(will)
            else:
                yield from self._move(was, will)
        yield from self._unread_flags(before, after)

    def _let_in(self, rollout: Rollout | None) -> Iterator[FlagMove]:
        """A flag that stays as it is, and whose prerequisite changes."""
        found = list(self._base.naming(rollout.flag.value)) if rollout and rollout.prerequisites else []
        if rollout and found:
            read = _current(found, self._as_of)[1]
            if why := self._requiring.why(rollout, _treats_or_may(read.plan, rollout)):
                what = FlagChange("undecided", 0.0, 0.0, at=rollout.prerequisites[0].at)
                yield _FlagMoves(rollout, read.plan, what).of("could_not_judge", "", why)

    def _unknown(self, rollout: Rollout) -> Iterator[FlagMove]:
        """A flag of which something changes that cannot be read."""
        for _, read in list(self._base.naming(rollout.flag.value))[:1]:
            reason = next((each.unread for each in rollout.audiences if each.unread), "") or next(
                (each.reason for each in rollout.unread), ""
            )
            made = _FlagMoves(rollout, read.plan, FlagChange("undecided", 0.0, 0.0, at=rollout.flag.at))
            yield made.of("could_not_judge", "", f"something of it changes that is not compared: {reason}")

    def _unread_flags(self, before: Served, after: Served) -> Iterator[FlagMove]:
        """Flags of plans that are in the file and of which nothing can be read, where the file changes."""
        for each in unread_flags(before, after):
            if any(self._base.naming(each.flag)):
                yield _undecided(each)

    def _move(self, was: Rollout | None, will: Rollout | None) -> Iterator[FlagMove]:
        rollout = will or was
        assert rollout is not None
        found = list(self._base.naming(rollout.flag.value))
        if not found:
            yield from self._unplanned(was, will)
            return
        path, read = _current(found, self._as_of)
        try:
            what = moved(was, will, _treats(read.plan, _named_by(was, will)), path)
        except NotChecked as unknown:
            what = FlagChange("undecided", 0.0, 0.0, unknown.reason or "the plan does not say its variants")
        why = self._requiring.why(will, _treats_or_may(read.plan, rollout))
        if why and what.kind in ("none", "lower"):
            what = what._replace(kind="undecided", reason=why)
        if what.kind == "none":
            return
        within = reach(ServedFlag(rollout, read.plan, _A_DAY))
        what = what._replace(before=what.before * within, after=what.after * within)
        made = _FlagMoves(rollout, read.plan, what)
        if what.kind == "lower":
            yield made.of("free", "", "fewer units are treated")
        elif what.kind == "undecided":
            yield made.of("could_not_judge", "", what.reason)
        else:
            judged = self._raised(made, path, read)
            is_open = judged.status == 0 and why
            yield made.of("could_not_judge", judged.stage, why) if is_open else judged

    def _unplanned(self, was: Rollout | None, will: Rollout | None) -> Iterator[FlagMove]:
        """A split that no plan of the base names: what the policy makes of it."""
        if will is None or will.share_of != "units" or not will.is_rolled_out:
            return
        if was is not None and was.is_rolled_out and _same_split(was, will):
            return
        flag = will.flag.value
        severity = self._severity(will)
        if severity is None:
            return
        made = FlagMove(
            flag, will.environment, will.path, will.flag.at, "", "raise", 0.0, 0.0, "", "unplanned",
            ("no plan of the base names it",),
        )  # fmt: skip
        new = list(self._here.naming(flag))
        if new:
            reasons = (f"its plan comes with the same change ({listing(new[:3])})",)
            yield _with(made, "refused", reasons, ("merge the plan first, registered",))
        elif severity == "error":
            yield _with(made, "refused", made.reasons, ("write and register a plan first",))
        else:
            yield made

    def _severity(self, rollout: Rollout) -> str | None:
        """How the policy weighs a flag without a plan; None where it finds nothing."""
        why = self._policy.not_an_experiment.get(rollout.flag.value, "")
        keeps = self._policy.kept_by(rollout.flag.value)
        served = ServedFlag(rollout, None, self._as_of.date(), no_experiment=why, keeps=keeps)
        adopted = self._policy.adopted(rollout.path, NO_TRAITS, Timing(self._as_of.date())).served
        found = [each.severity for each in adopted if _finds(each, served)]
        return found[0] if found else None

    def _raised(self, made: _FlagMoves, path: str, read: PlanRead) -> FlagMove:
        plan = read.plan
        stage = _stage_for(plan, made.what.after, self._as_of)
        if stage is None:
            known = listing(share_text(each.treated) for each in stages_of(plan))
            reason = f"{share_text(made.what.after)} is no stage of the plan, which has {known or 'none'}"
            return made.of("refused", "", reason)
        if same(made.what.before, made.what.after):
            reason = f"the units that are in {stage} are exchanged, and what was seen of it is of others"
            return made.of("refused", stage, reason, next=("keep what is hashed until the stage is over",))
        name = plan.name
        own = self._base.changed(path, entry_file(name), ledger_folder(name), LOCK_FILE)
        own = [each for each in own if each != LOCK_FILE or name in _listed(self._base, name)]
        if own:
            reason = f"{listing(own)} of the same experiment changes with it"
            return made.of("refused", stage, reason, next=("merge that first, then raise",))
        if (emergency := self._emergency(read, stage)) is not None:
            return made.of("waived", stage, emergency.sentence(self._as_of.date()))
        if self._results is None:
            return made.of("could_not_judge", stage, "no results are named", next=_without(plan, stage))
        files = self._results.files.get(name, ())
        if not files:
            return made.of("could_not_judge", stage, "there are no results of it", next=_without(plan, stage))
        if len(files) > 1:
            return made.of("could_not_judge", stage, f"{listing(files)} are all results of it")
        brought = self._brought(files[0])
        if brought:
            reason = f"its results come with the same change ({listing(brought)})"
            return made.of("refused", stage, reason, next=("take results from outside of the branch",))
        return self._gated(made, read, stage, files[0])

    def _emergency(self, read: PlanRead, stage: str) -> Emergency | None:
        """What the ledger of the base says of a raise that nobody judged, while somebody answers for it."""
        day, policy = self._as_of.date(), self._finder.policy_of(read.source, self._policy)
        for each in emergencies(self._base.kept(read.plan).ledger):
            is_meant = each.stage == stage and not each.is_settled
            if is_meant and not any(objections_to(each, read.plan, policy, read.source.in_policy, day)):
                return each
        return None

    def _brought(self, file: str) -> list[str]:
        """What of the results lies in the working tree and is not as the base has it."""
        place = real_path(os.path.abspath(file))
        if not is_inside(place, real_path(self._base.root)):
            return []
        inside = os.path.relpath(place, real_path(self._base.root)).replace(os.sep, "/")
        value = read_bytes(read_regular(place, MAX_BYTES), file)[0].value
        rows = value.get("aggregates") if isinstance(value, dict) else None
        beside = [f"{os.path.dirname(inside)}/{rows}".lstrip("/")] if isinstance(rows, str) else []
        return self._base.changed(inside, *(os.path.normpath(each).replace(os.sep, "/") for each in beside))

    def _gated(self, made: _FlagMoves, read: PlanRead, stage: str, file: str) -> FlagMove:
        assert self._results is not None
        policy = self._finder.policy_of(read.source, self._policy)
        call = Call(
            plan=read.source.shown,
            results=file,
            to=stage,
            as_of=self._call.as_of,
            now=self._call.now,
            policy=policy.file,
            source=self._call.source,
            asking=self._call.asking,
            commit=self._call.commit,
            variant=made.variant,
        )
        try:
            kept = self._base.kept(read.plan)
            judgement = judge_plan(call, self._finder, policy, read, kept, self._results.root)
        except CannotJudge as error:
            return made.of("could_not_judge", stage, *(each.message for each in error.failures))
        verdict = judgement.decision.verdict
        return made.of(verdict, stage, *_why(judgement), next=tuple(next_steps(judgement)))


def _finds(adopted: Adopted, served: ServedFlag) -> bool:
    """Whether a rule has something to say of a flag without a plan; most are about plans."""
    if adopted.rule.input_type != "ServedFlag":
        return False
    try:
        return any(adopted.rule.check(served, adopted.params))
    except (DoesNotApply, NotChecked):
        return False


def _why(judgement: GateJudgement) -> Iterator[str]:
    failing = [each for each in judgement.decision.readings if not each.passed]
    yield from (f"{each.check}: {each.message}" for each in failing[:5])
    yield from (f"{each.check}: {each.message}" for each in judgement.decision.crashes)


class _FlagMoves:
    """What is the same of all that can be said of one raise."""

    def __init__(self, rollout: Rollout, plan: Experiment, what: FlagChange) -> None:
        self._rollout = rollout
        self._plan = plan
        self.what = what

    @property
    def variant(self) -> str:
        """The treatment that is ramped, of a plan with several: the one that is served."""
        treatments = [each.id for each in self._plan.variants or () if each.id and not each.control]
        if len(treatments) < 2:
            return ""
        served = ServedFlag(self._rollout, self._plan, _A_DAY)
        shares = [by_variant(served, each.shares) for each in self._rollout.splits]
        found = [name for name in treatments if any(each.get(name, 0.0) > 0 for each in shares)]
        return found[0] if len(found) == 1 else ""

    def of(self, outcome: Outcome, stage: str, *reasons: str, next: tuple[str, ...] = ()) -> FlagMove:
        what, rollout = self.what, self._rollout
        said = tuple(dict.fromkeys(filter(None, (what.reason if what.kind == "raise" else "", *reasons))))
        at = what.at if what.at != START else rollout.flag.at
        return FlagMove(
            rollout.flag.value, rollout.environment, rollout.path, at, self._plan.name, what.kind,
            what.before, what.after, stage, outcome, said, next,
        )  # fmt: skip


_A_DAY = datetime.min.date()


def _with(move: FlagMove, outcome: Outcome, reasons: tuple[str, ...], next: tuple[str, ...]) -> FlagMove:
    return FlagMove(
        move.flag, move.environment, move.path, move.at, move.experiment, move.kind, move.before, move.after,
        move.stage, outcome, reasons, next,
    )  # fmt: skip


def _same_split(was: Rollout, will: Rollout) -> bool:
    split = [[each.shares for each in rollout.splits] for rollout in (was, will)]
    plain = [[[(s.variant, s.share) for s in shares] for shares in each] for each in split]
    return plain[0] == plain[1]


def _current(found: Sequence[tuple[str, PlanRead]], as_of: datetime) -> tuple[str, PlanRead]:
    """Of several plans of one flag the one that began last, or else begins next."""

    def begins(each: tuple[str, PlanRead]) -> tuple[int, float]:
        start = each[1].plan.schedule.start if each[1].plan.schedule else None
        ordinal = start.toordinal() if start else 0
        day = as_of.toordinal()
        return (1, ordinal) if ordinal <= day else (0, -ordinal)

    return max(found, key=begins)


def _named_by(was: Rollout | None, will: Rollout | None) -> Rollout:
    """The flag that says which of its variants is the control: the base's, so that no branch makes a treatment the control."""
    if was is None or will is None:
        return was or will  # type: ignore[return-value]
    return replace(was, audiences=(*was.audiences, *will.audiences), stages=(*was.stages, *will.stages))


def _treats(plan: Experiment, rollout: Rollout) -> _Treating:
    return _Treating(ServedFlag(rollout, plan, _A_DAY))


def _treats_or_may(plan: Experiment, rollout: Rollout) -> Callable[[str], bool]:
    """Whether a variant is a treatment, or may be one because the plan does not know it."""

    def may(variant: str) -> bool:
        try:
            return _treats(plan, rollout)(variant)
        except NotChecked:
            return True

    return may


class _Treating:
    """Whether a variant of a flag is a treatment of the plan."""

    def __init__(self, served: ServedFlag) -> None:
        self._served = served
        self._control = control_of(served)
        self._known: dict[str, bool] = {}

    def __call__(self, variant: str) -> bool:
        if variant not in self._known:
            named = by_variant(self._served, (VariantShare(variant, 1.0, START),))
            self._known[variant] = any(name != self._control for name in named)
        return self._known[variant]


def _stage_for(plan: Experiment, share: float, as_of: datetime) -> str | None:
    """The stage whose share is served, as the gate's ``--to`` names it; of several the one of the ramp after the run."""
    like = [each for each in stages_of(plan) if same(each.treated, share)]
    if not like:
        return None
    end = plan.schedule.end if plan.schedule else None
    is_over = end is not None and end.toordinal() < as_of.toordinal()
    named = [each for each in like if (each.name not in (CANARY, TEST)) == is_over]
    return (named or like)[0].name


def _without(plan: Experiment, stage: str) -> tuple[str, ...]:
    """What is required where there are no results: of the first stage they say that nothing was seen."""
    if stage == stages_of(plan)[0].name:
        return ("add --results DIR, with results that say `rows: []` where nothing was seen yet",)
    return ("add --results DIR, with the results of the stage before",)


def _listed(base: BaseCommit, name: str) -> list[str]:
    """The experiment, if the lock file itself has its entry, in the base or in the working tree."""
    content = base.repository.read(base.commit, LOCK_FILE) or b""
    return [name] if name.encode() in content else []


class _PlansHere:
    """The plans of the working tree, by the flags that they name."""

    def __init__(self, finder: PlanFinder) -> None:
        self._finder = finder
        self._contents: dict[str, bytes] = {}
        self._naming: NamingPlans | None = None

    def naming(self, flag: str) -> Iterator[str]:
        """The files, as messages show them, of those that name a flag."""
        if self._naming is None:
            self._contents = dict(self._read())
            self._naming = NamingPlans(self._contents)
        for path in self._naming.of(flag):
            for document in read_bytes(self._contents[path], path):
                if folded(flag) in map(folded, read_experiment(document.value)[0].switches):
                    yield shown_path(path, self._finder.folder)

    def _read(self) -> Iterator[tuple[str, bytes]]:
        for source in self._finder.portfolio():
            with suppress(OSError):
                yield source.path, read_regular(source.path, MAX_BYTES)
