"""What the gate says of a running experiment: where it is, and about the next step that its plan declares.

The colour is read off the gate's verdicts and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from egp.gate.call import Call
from egp.gate.judgement import GateJudgement, judge
from egp.gate.page import next_steps
from egp.plan.finding import NotChecked
from egp.plan.results import CANARY, TEST, stage_name

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.pages.status.evidence import ResultsHead
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder

Colour = Literal["green", "yellow", "red"]
WORST_FIRST: tuple[Colour, ...] = ("red", "yellow", "green")


@dataclass(frozen=True, slots=True)
class GateAnswers:
    """The gate's judgements of one experiment, by the same results, as of the same instant."""

    results: ResultsHead
    watched: GateJudgement
    """Whether all is well in the stage in which the treatment is."""
    onwards: GateJudgement | None
    """Whether the next stage may be entered; None after the last one, and where people have to choose first."""

    @property
    def readout(self) -> Readout:
        return self.watched.readout

    @property
    def judgements(self) -> tuple[GateJudgement, ...]:
        return (self.watched,) if self.onwards is None else (self.watched, self.onwards)

    @property
    def deciding(self) -> GateJudgement:
        """The judgement that the colour is of."""
        return min(self.judgements, key=lambda each: WORST_FIRST.index(self._colour(each)))

    @property
    def colour(self) -> Colour:
        return self._colour(self.deciding)

    def _colour(self, judgement: GateJudgement) -> Colour:
        """A hold of the next stage that merely waits for its time is as planned; any other hold is not."""
        decision = judgement.decision
        if decision.verdict == "roll_back":
            return "red"
        waits = judgement is self.onwards and decision.kind == "wait"
        return "green" if decision.verdict == "proceed" or waits else "yellow"

    @property
    def could_not_judge(self) -> bool:
        return any(each.decision.verdict == "could_not_judge" for each in self.judgements)

    def reasons(self) -> Iterator[str]:
        """Why the colour is not green."""
        decision = self.deciding.decision
        yield from (crash.message for crash in decision.crashes)
        yield from (reading.message for reading in decision.reasons)

    def steps(self) -> list[str]:
        """What to do about it."""
        return next_steps(self.deciding)


def answers(
    path: str,
    files: Sequence[ResultsHead],
    as_of: datetime,
    finder: PlanFinder,
    policy: Policy,
) -> GateAnswers:
    """The gate's answers by the results; of several of the same instant the worst. Raises CannotJudge."""
    judged = [_answers(path, file, max(as_of, file.as_of), finder, policy) for file in files]
    return min(judged, key=lambda each: WORST_FIRST.index(each.colour))


def _answers(
    path: str, file: ResultsHead, as_of: datetime, finder: PlanFinder, policy: Policy
) -> GateAnswers:
    watched = judge(Call(path, file.path, as_of=as_of), finder, policy)
    following = next_stage(watched.readout)
    onwards = judge(Call(path, file.path, to=following, as_of=as_of), finder, policy) if following else None
    return GateAnswers(file, watched, onwards)


def next_stage(readout: Readout) -> str:
    """The next step of the plan as ``egp gate --to`` takes it; empty after the last one."""
    if readout.stage.name == CANARY and readout.plan.type != "rollout":
        return TEST
    ramp = readout.plan.ramp[readout.stage.position + 1 :]
    if not ramp or ramp[0].treated is None or must_choose(readout):
        return ""
    return stage_name(ramp[0].treated)


def must_choose(readout: Readout) -> bool:
    """Whether the next stage has room for one of several treatments, and nobody has said which."""
    try:
        return readout.stage.name != CANARY and len(readout.treatments) > 1
    except NotChecked:  # a plan that does not say which variant is the control; the gate holds, and says so
        return False
