"""Where one experiment stands: its light with the reason, how far it has come, and what is decided when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

from egp.gate.call import CannotJudge
from egp.gate.clock import instant, zone_of
from egp.gate.looks import open_look, planned_looks
from egp.gate.rows import rows_of
from egp.gate.withholding import withheld_because
from egp.pages.status.answers import Colour, GateAnswers, answers, must_choose
from egp.plan.analysis.days import exposed_days, first_exposure, readout_day
from egp.plan.analysis.registered import planned_units
from egp.plan.analysis.watch import watch
from egp.plan.finding import NotChecked
from egp.plan.results import TEST
from egp.plan.wording import counted, listing
from egp.record.entry_files import register_command

if TYPE_CHECKING:
    from datetime import tzinfo

    from egp.pages.status.evidence import Folder
    from egp.plan.experiment import Experiment
    from egp.plan.finding import Failure
    from egp.plan.quantity import Moment
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.record.lock import Decided, Registration

Phase = Literal["planned", "running", "over"]

_NAMED = 3
"""Rules that are named where a plan is rejected."""


@dataclass(frozen=True, slots=True)
class Known:
    """A plan of the portfolio, and what the check and the lock say of it."""

    source: PlanSource
    plan: Experiment
    rejected_by: tuple[str, ...]
    """Rules whose errors reject it."""
    registration: Registration | None

    @property
    def id(self) -> str:
        return self.plan.name

    @property
    def zone(self) -> tzinfo:
        return zone_of(self.plan)

    @property
    def how_to_change(self) -> str:
        return f"egp explain {self.source.shown} says what to change"


@dataclass(frozen=True, slots=True)
class UnitProgress:
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Next:
    """The next decision on an experiment; ``on`` is None where it waits for a repair, not for a day."""

    what: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    known: Known
    phase: Phase
    colour: Colour | None
    """None for an experiment that is over."""
    reasons: tuple[str, ...]
    steps: tuple[str, ...] = ()
    stage: str = ""
    """Where the treatment is, as the gate says."""
    days: UnitProgress | None = None
    units: UnitProgress | None = None
    """Of the smallest variant of the test."""
    next: Next | None = None
    answers: GateAnswers | None = None
    failures: tuple[Failure, ...] = field(default=())
    """What kept the gate from judging."""

    @property
    def decided(self) -> Decided | None:
        """The latest decision that was recorded."""
        registration = self.known.registration
        return registration.decisions[-1] if registration and registration.decisions else None


def standing(
    known: Known, folder: Folder | None, as_of: Moment, finder: PlanFinder, policy: Policy
) -> Standing:
    """The experiment as of a moment."""
    today = instant(as_of, known.zone).date()
    try:
        first = first_exposure(known.plan)[0]
    except NotChecked:
        reasons = ("the plan does not say when it runs", *_rejections(known))
        return Standing(known, "planned", "yellow", reasons, (known.how_to_change,))
    if today < first:
        return _planned(known, first)
    if (end := _watched_until(known.plan)) is not None and today > end:
        return Standing(known, "over", None, (f"watched until {end}",), days=_days(known.plan, today))
    return _running(known, folder, as_of, today, finder, policy)


def _watched_until(plan: Experiment) -> date | None:
    """The last day on which anybody has to look at the experiment; None where the plan does not let it be known."""
    until = plan.holdout.until if plan.holdout else None
    try:
        days = [readout_day(plan), *(part.last for part in watch(plan))]
    except NotChecked:
        return until
    return max([*days, until] if until else days)


def _planned(known: Known, first: date) -> Standing:
    reasons, steps = _rejections(known), [known.how_to_change] if known.rejected_by else []
    if known.registration is None:
        reasons.append("not registered yet")
        steps.append(f"register it before {first}: {register_command(known.source.shown)}")
    return Standing(
        known,
        "planned",
        "yellow" if reasons else "green",
        tuple(reasons) or ("registered, and the check passes",),
        tuple(steps),
        days=_days(known.plan, first),
        next=Next("start", first),
    )


def _rejections(known: Known) -> list[str]:
    rules = known.rejected_by
    if not rules:
        return []
    named = [*rules[:_NAMED], f"{len(rules) - _NAMED} more"] if len(rules) > _NAMED else list(rules)
    return [f"the check rejects the plan: {listing(named)}"]


def _running(
    known: Known, folder: Folder | None, as_of: Moment, today: date, finder: PlanFinder, policy: Policy
) -> Standing:
    days = _days(known.plan, today)
    files = folder.newest(known.id, as_of, known.zone) if folder else []
    if not files:
        where = f" in {folder.name}" if folder else ", because none were named"
        reasons = (f"no results{where}: nobody can say how it does", *_rejections(known))
        return Standing(known, "running", "yellow", reasons, ("deliver its results",), days=days)
    try:
        answered = answers(known.source.path, files, instant(as_of, known.zone), finder, policy)
    except CannotJudge as error:
        reasons = tuple(failure.message for failure in error.failures)
        steps = tuple(failure.help for failure in error.failures if failure.help)
        return Standing(known, "running", "yellow", reasons, steps, days=days, failures=error.failures)
    return _phrase(known, answered, days)


def _phrase(known: Known, answered: GateAnswers, days: UnitProgress | None) -> Standing:
    colour, reasons, steps = _light(known, answered)
    return Standing(
        known,
        "running",
        colour,
        tuple(reasons),
        tuple(steps),
        stage=answered.readout.stage.name,
        days=days,
        units=_units(answered),
        next=_next(answered),
        answers=answered,
    )


def _light(known: Known, answered: GateAnswers) -> tuple[Colour, list[str], list[str]]:
    """The gate's colour with its reasons; what is green for the gate still has to be a plan that passes the check."""
    rejections = _rejections(known)
    if answered.colour != "green":
        return answered.colour, [*answered.reasons(), *rejections], answered.steps()
    if must_choose(answered.readout) and open_look(answered.readout) is not None:
        reason = f"{counted(len(answered.readout.treatments), 'treatment')} were tested, and one is ramped"
        return (
            "yellow",
            [reason, *rejections],
            [f"choose the treatment that is ramped: egp gate {known.source.shown} --to STAGE --variant ID"],
        )
    if rejections:
        return "yellow", rejections, [known.how_to_change]
    return "green", [_as_planned(answered)], []


def _as_planned(answered: GateAnswers) -> str:
    decision = answered.onwards.decision if answered.onwards else None
    if decision and decision.verdict == "proceed":
        return f"may go on to {_stage(answered)}"
    kept_back = withheld_because(answered.readout)
    return f"as planned; the primary metric is {kept_back}" if kept_back else "as planned"


def _stage(answered: GateAnswers) -> str:
    return answered.onwards.readout.move.name if answered.onwards else answered.readout.stage.name


def _next(answered: GateAnswers) -> Next | None:
    """When somebody has to decide the next time, and on what."""
    plan, today = answered.readout.plan, answered.readout.as_of.date()
    if answered.colour == "red":
        return Next("roll back", today)
    if must_choose(answered.readout):
        first_look = planned_looks(answered.readout)[0].date()
        return (
            Next("readout", first_look)
            if open_look(answered.readout) is None
            else Next("choose the treatment", today)
        )
    if answered.onwards is None:
        until = plan.holdout.until if plan.holdout else None
        return Next("end of the holdout", until) if until else None
    decision = answered.onwards.decision
    if decision.verdict == "proceed":
        return Next(f"enter {_stage(answered)}", today)
    if decision.kind == "wait":
        until_instant = decision.until
        return Next(f"enter {_stage(answered)}", until_instant.date() if until_instant else None)
    return Next(
        f"enter {_stage(answered)}, after a repair" if decision.kind == "repair" else "whether to end it"
    )


def _days(plan: Experiment, today: date) -> UnitProgress | None:
    """Days of the run that are over, and all of them; None where the plan does not say."""
    try:
        runs = exposed_days(plan)
    except NotChecked:
        return None
    done = sum(max(0, min(run.days, (today - run.first).days)) for run in runs)
    return UnitProgress(done, sum(run.days for run in runs))


def _units(answered: GateAnswers) -> UnitProgress | None:
    """Units that the smallest variant of the test has, whatever they did, against the planned sample."""
    readout = answered.readout
    metric = readout.plan.primary_metric
    if metric is None:
        return None
    try:
        planned = planned_units(readout.plan)
    except NotChecked:
        return None
    seen = [
        sum(row.units for row in rows_of(readout, metric, "cohort", variant, TEST))
        for variant in readout.variants
    ]
    return UnitProgress(min(seen), int(planned)) if any(seen) else None
