"""The status for programs, versioned by its `status` key."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from egp.gate.verdict import Verdict
from egp.output.contract import TOOL, Count, JudgingPolicy, Limits, Reported, Tool, as_text
from egp.pages.status.answers import WORST_FIRST, Colour
from egp.pages.status.standing import Phase

if TYPE_CHECKING:
    from egp.gate.judgement import GateJudgement
    from egp.pages.status.portfolio import Status
    from egp.pages.status.standing import Standing

_NotNegative = Annotated[float, Limits(ge=0)]


class Summary(Reported):
    """Experiments by light, those that are over apart."""

    red: Count
    yellow: Count
    green: Count
    over: Count


class Progress(Reported):
    """How much there is of what was planned."""

    done: Count
    of_: Count


class NextDecision(Reported):
    """What is decided next."""

    what: str
    on: date | None


class ResultsJudged(Reported):
    """What was judged."""

    from_: str
    as_of: datetime


class GateAnswer(Reported):
    """An answer of the gate."""

    asked: str
    """monitor, or the next stage."""
    verdict: Verdict
    hold: Literal["wait", "repair", "inconclusive"] | None
    until: datetime | None


class LatestDecision(Reported):
    """The latest recorded decision."""

    option: str
    means: str | None
    """What the letter of the option stood for then."""
    on: date | None


class ExperimentStatus(Reported):
    """Where one experiment stands."""

    id: str
    """Empty for a plan that names none."""
    title: str
    path: str
    owner: str
    layer: str
    phase: Phase
    light: Colour | None
    """Read off the verdicts of the gate; null for an experiment that is over."""
    stage: str
    """Where the treatment is: canary, test or a treated share; empty where unknown."""
    reasons: tuple[str, ...]
    next: tuple[str, ...]
    """What to do about it."""
    days: Progress | None
    units: Progress | None
    """Units of the smallest variant of the test."""
    next_decision: NextDecision | None
    rejected_by: tuple[str, ...]
    """The rules whose errors reject the plan."""
    results: ResultsJudged | None
    gate: tuple[GateAnswer, ...]
    decided: LatestDecision | None


class ExpiringWaiver(Reported):
    """A waiver that is about to expire."""

    experiment: str
    rule: str
    expires: date
    approver: str
    place: str
    """File and line of it."""


class LayerPeriod(Reported):
    """A time in which experiments take a share of a layer; both days whole."""

    layer: str
    from_: date
    to: date
    exposure: _NotNegative


class FalseWins(Reported):
    """Wins that the tests of a period are expected to declare if no change has an effect."""

    expected: _NotNegative
    tests: Count
    from_: date
    to: date
    days: Count
    allowed: float | None


class RaisedWithoutGate(Reported):
    """A stage that was entered in an emergency."""

    experiment: str
    stage: str
    on: date
    reason: str
    approver: str
    expires: date
    settled: bool
    """Whether the gate has let the stage through since, or the share was lowered."""


class GovernedRollouts(Reported):
    """Flags that divide units by chance, and those of them that a plan names."""

    rolled_out: Count
    planned: Count
    unplanned: tuple[str, ...]


class StatusError(Reported):
    """What could not be read or judged."""

    path: str
    message: str


class StatusReport(Reported):
    """What egp status says."""

    status: Literal[1]
    """Version of this format."""
    tool: Tool
    as_of: str
    policy: JudgingPolicy
    complete: bool
    """Whether everything could be read and judged; else exit status 2."""
    summary: Summary
    experiments: tuple[ExperimentStatus, ...]
    waivers: tuple[ExpiringWaiver, ...]
    layers: tuple[LayerPeriod, ...]
    false_wins: FalseWins | None
    emergencies: tuple[RaisedWithoutGate, ...]
    rollouts: GovernedRollouts | None
    """Null where the policy names no rollout files."""
    errors: tuple[StatusError, ...]


def render(status: Status) -> str:
    """The status with nothing on it of a metric that is withheld."""
    lights = {colour: sum(each.colour == colour for each in status.standings) for colour in WORST_FIRST}
    wins = status.false_wins
    return as_text(
        StatusReport(
            status=1,
            tool=TOOL,
            as_of=status.as_of.isoformat(),
            policy=JudgingPolicy.of(status.policy),
            complete=status.is_complete,
            summary=Summary(**lights, over=len(status.of("over"))),
            experiments=tuple(map(_experiment, status.standings)),
            waivers=tuple(
                ExpiringWaiver(
                    experiment=each.experiment,
                    rule=each.grant.waiver.rule or "",
                    expires=each.expires,
                    approver=each.grant.waiver.approver or "",
                    place=str(each.grant.place),
                )
                for each in status.expiring
            ),
            layers=tuple(LayerPeriod.of(each, from_=each.start, to=each.end) for each in status.layers),
            false_wins=FalseWins.of(wins, from_=wins.first, to=wins.last) if wins else None,
            emergencies=tuple(
                RaisedWithoutGate.of(each, experiment=name, settled=each.is_settled)
                for name, each in status.raised
            ),
            rollouts=GovernedRollouts.of(status.governed) if status.governed else None,
            errors=tuple(map(StatusError.of, status.failures)),
        )
    )


def _experiment(each: Standing) -> ExperimentStatus:
    plan, answers, decided = each.known.plan, each.answers, each.decided
    return ExperimentStatus(
        id=each.known.id,
        title=plan.title or "",
        path=each.known.source.shown,
        owner=(plan.owner.dri if plan.owner else None) or "",
        layer=plan.layer or "",
        phase=each.phase,
        light=each.colour,
        stage=each.stage,
        reasons=tuple(each.reasons),
        next=tuple(each.steps),
        days=Progress.of(each.days) if each.days else None,
        units=Progress.of(each.units) if each.units else None,
        next_decision=NextDecision.of(each.next) if each.next else None,
        rejected_by=tuple(each.known.rejected_by),
        results=ResultsJudged(from_=answers.results.path, as_of=answers.results.as_of) if answers else None,
        gate=tuple(map(_answer, answers.judgements)) if answers else (),
        decided=LatestDecision.of(decided, option=decided.option or "") if decided else None,
    )


def _answer(judgement: GateJudgement) -> GateAnswer:
    decision = judgement.decision
    return GateAnswer.of(decision, asked=judgement.call.asked, hold=decision.kind or None)
