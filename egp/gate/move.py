"""What is requested of the gate: a stage to enter, or whether all is well where the treatment is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from egp.plan.quantity import QuantityError, share, shown
from egp.plan.results import CANARY, TEST, stage_name
from egp.plan.wording import listing

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment

_SAME_SHARE = 1e-9


class MoveError(ValueError):
    """A stage that the plan does not declare. ``advice`` names those that it does."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Move:
    """``position`` is that of the stage in the plan's ramp; -1 for other moves."""

    kind: Literal["canary", "test", "stage", "monitor"]
    position: int = -1
    name: str = "monitor"
    """As rows and messages spell it."""


MONITOR = Move("monitor")


def move_to(plan: Experiment, asked: str) -> Move:
    """The move to a stage: a treated share of the ramp, ``canary`` or ``test``. Raises MoveError."""
    if asked == TEST and plan.type != "rollout":
        return Move("test", name=TEST)
    if asked == CANARY and plan.canary and plan.canary.treated:
        return Move("canary", name=CANARY)
    if asked in (TEST, CANARY):
        raise MoveError(f"the plan has no {asked}", _declared(plan))
    try:
        treated = share(asked)
    except QuantityError as error:
        raise MoveError(f"--to {shown(asked)} is no stage: {error}", _declared(plan)) from None
    for position, stage in enumerate(plan.ramp):
        if stage.treated is not None and abs(stage.treated - treated) <= _SAME_SHARE:
            return Move("stage", position, stage_name(treated))
    raise MoveError(f"the plan has no stage that treats {stage_name(treated)}", _declared(plan))


def _declared(plan: Experiment) -> str:
    names = [stage_name(stage.treated) for stage in plan.ramp if stage.treated is not None]
    return f"the plan's ramp has {listing(names)}" if names else "declare the stages under `ramp`"
