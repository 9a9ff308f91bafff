"""What a brief is about: the plan with its registration, the policy in force, the instant, and the gate's judgement."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from egp.advice.candidates import EntryRefused, PlanAsRead, plans_in, terms_of
from egp.advice.choices import (
    BEFORE_LAUNCH,
    IN_FLIGHT,
    has_begun,
)
from egp.advice.open_options import (
    closed_before_launch,
    closed_in_flight,
    errors_of,
    next_stage,
    onwards_of,
)
from egp.check import check
from egp.gate.call import Call, CannotJudge
from egp.gate.clock import instant, shown_instant, zone_of
from egp.gate.exposure import has_stage_begun
from egp.gate.judgement import GateJudgement, judge
from egp.gate.looks import open_look
from egp.plan.analysis.days import first_exposure
from egp.plan.finding import Failure, NotChecked
from egp.plan.quantity import as_day
from egp.plan.results import TEST
from egp.policy.timing import Timing
from egp.record.lock import Lock, read_lock

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.output.report.model import Report
    from egp.plan import quantity
    from egp.plan.experiment import Experiment
    from egp.policy.model import Adopted, Policy
    from egp.policy.plan_files import PlanFinder
    from egp.record.lock import Registration

Audience = Literal["team", "exec"]
Moment = Literal["launch", "running", "readout", "ramp", "after", "harm"]
"""What is to be decided: the launch, nothing before the look, the result, the next stage, what the holdout says, or
what to do about harm."""


@dataclass(frozen=True)
class Scene:
    """Everything that the sections of a brief tell of."""

    candidate: PlanAsRead
    finder: PlanFinder
    policy: Policy
    lock: Lock
    as_of: datetime
    """In the plan's time zone."""
    audience: Audience
    judgement: GateJudgement | None
    """The gate's, of the stage in which the treatment is; None without results."""
    onwards: GateJudgement | None
    """The gate's answer about the next stage of the ramp; None where there is none, or nothing is said of it about."""
    root: str
    """The folder of the lock, which no file that the plan names may leave."""

    @property
    def plan(self) -> Experiment:
        return self.candidate.plan

    @property
    def for_executives(self) -> bool:
        return self.audience == "exec"

    @property
    def day(self) -> date:
        return self.as_of.date()

    @property
    def registration(self) -> Registration | None:
        return self.lock.entries.get(self.candidate.id)

    @property
    def in_flight(self) -> bool:
        """Whether the treatment is out, and there are results to say where it stands."""
        return self.judgement is not None and (
            has_stage_begun(self.judgement.readout) or has_begun(self.plan, self.day)
        )

    @property
    def first_exposed(self) -> date | None:
        """The first day on which anybody is treated; None where the plan does not say."""
        try:
            return first_exposure(self.plan)[0]
        except NotChecked:
            return None

    @property
    def moment(self) -> Moment:
        if self.judgement is None or not self.in_flight:
            return "launch"
        if self.verdict == "roll_back":
            return "harm"
        return _moment_of(self.judgement.readout)

    @property
    def closed(self) -> Mapping[str, str]:
        """Why each option is closed, by its letter; empty for one that is open."""
        if self.judgement is None or not self.in_flight:
            errors = len(errors_of(self.report))
            return {letter: closed_before_launch(letter, errors) for letter in self.letters}
        return {letter: closed_in_flight(letter, self.judgement, self.onwards) for letter in self.letters}

    @property
    def next_stage(self) -> str:
        """Where traffic would be raised to next; empty where there is no further stage."""
        return next_stage(self.plan, self.judgement.readout.stage.position) if self.judgement else ""

    @property
    def verdict(self) -> str:
        return self.judgement.decision.verdict if self.judgement else ""

    @property
    def letters(self) -> Mapping[str, str]:
        return IN_FLIGHT if self.in_flight else BEFORE_LAUNCH

    @cached_property
    def rules(self) -> Mapping[str, Adopted]:
        """The policy's rules in force for the plan, by id."""
        timing = Timing(self.day, self.registration.registered if self.registration else None)
        traits = self.policy.traits_of(self.plan)
        path = (self.registration.path or "") if self.registration else ""
        judged = self.finder.judged_at(self.candidate.source, path, self.root)
        in_force = self.policy.adopted(judged.in_policy, traits, timing)
        return {each.rule.id: each for each in in_force.alone}

    @cached_property
    def report(self) -> Report:
        """What the policy says of the plan as it is. Raises CannotJudge where it cannot say anything."""
        report = check([self.candidate.source], self.finder, self.policy, self.day)
        if report.failures:
            raise CannotJudge(*report.failures)
        return report

    @property
    def when(self) -> str:
        return with_zone(self.as_of)


def with_zone(moment: datetime) -> str:
    """2023-03-03 09:00 PST."""
    return f"{shown_instant(moment)} {moment.tzname() or ''}".rstrip()


def scene(
    path: str,
    results: str,
    finder: PlanFinder,
    policy: Policy,
    as_of: quantity.Moment | None,
    now: datetime,
    audience: Audience = "team",
) -> Scene:
    """Reads what a brief rests on; as of now, unless another instant is given.

    Raises CannotJudge and LockError.
    """
    sources = finder.asked([path])
    if finder.failures:
        raise CannotJudge(*finder.failures)
    call = Call(path, results, as_of=as_of, now=now, policy=policy.name)
    judgement = judge(call, finder, policy) if results else None
    onwards = onwards_of(call, judgement, finder, policy) if judgement else None
    moment: quantity.Moment = judgement.as_of if judgement else as_of or now
    terms = terms_of(finder, policy, as_day(moment))
    lock = read_lock(terms.root)
    try:
        candidates = plans_in(sources, terms, lock.entries)
    except EntryRefused as refused:
        found = refused.refusal
        raise CannotJudge(Failure(found.path, found.message, span=found.span, help=found.help)) from None
    candidate = _one(candidates, path, judgement)
    lock.entries.get(candidate.id)  # an entry that is damaged is found now
    return Scene(
        candidate=candidate,
        finder=finder,
        policy=policy,
        lock=lock,
        as_of=instant(moment, zone_of(candidate.plan)),
        audience=audience,
        judgement=judgement,
        onwards=onwards,
        root=terms.root,
    )


def _moment_of(readout: Readout) -> Moment:
    if readout.stage.position >= 0:
        return "ramp" if next_stage(readout.plan, readout.stage.position) else "after"
    if readout.stage.name != TEST:
        return "running"
    try:
        return "running" if open_look(readout) is None else "readout"
    except NotChecked:
        return "running"


def _one(candidates: list[PlanAsRead], path: str, judgement: GateJudgement | None) -> PlanAsRead:
    """The plan; of several in a file the one that the results are of."""
    if judgement is not None:
        wanted = judgement.readout.plan.id
        candidates = [each for each in candidates if each.plan.id == wanted]
    if not candidates:
        raise CannotJudge(Failure(path, "there is no plan here", help=f"egp check {path} says what is wrong"))
    if len(candidates) > 1:
        message = f"there are {len(candidates)} plans here, and a brief is about one"
        advice = "name the file of one" if os.path.isdir(path) else "give each plan a file of its own"
        raise CannotJudge(Failure(path, message, help=advice))
    return candidates[0]
