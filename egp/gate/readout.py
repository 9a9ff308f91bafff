"""What the gate judges: the plan, its registration, the evidence, and the move that is requested.

Nothing here knows the clock or the network: the same input gives the same answer. What checks need of it are functions in
the modules beside this one: `exposure.py`, `rows.py`, `looks.py`, `comparisons.py`, `split.py`, `settings.py`, and
`withholding.py`, which says what the plan keeps back until its look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, TypeVar

from egp.gate.clock import instant, zone_of
from egp.gate.stage import CurrentStage, current_stage
from egp.plan.analysis.registered import has_primary_test, is_sequential
from egp.plan.analysis.registered_test import ANALYSIS
from egp.plan.finding import NotChecked, need
from egp.rules.rule_inputs import Organisation

if TYPE_CHECKING:
    from egp.gate.move import Move
    from egp.plan.experiment import Experiment, Variant
    from egp.plan.results import About, Evidence, Row, Seen
    from egp.plan.supplied import Moved
    from egp.policy.model import Adopted
    from egp.record.emergencies import Emergency
    from egp.record.ledger import LedgerEntry
    from egp.record.lock import Registration
    from egp.rules.rule import Params

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Readout:
    """Everything the gate judges, and the plain facts that nearly every check needs of it."""

    plan: Experiment
    evidence: Evidence
    move: Move
    as_of: datetime
    """In the plan's time zone."""
    registration: Registration | None = None
    digest: str = ""
    """Of the plan as it is now; empty for one that cannot be read without problems."""
    moved: tuple[Moved, ...] = ()
    """What defaults and catalogue make of the plan that they did not make of it when it was registered."""
    rules: Mapping[str, Adopted] = field(default_factory=dict)
    """The policy's rules in force for the plan, by id."""
    organisation: Organisation = field(default_factory=Organisation)
    options: Mapping[str, Params] = field(default_factory=dict)
    """Options of checks, by id, where the policy sets any."""
    treatment_revision: str = ""
    """The build that the pipeline is about to serve, where it says so."""
    treatment: str = ""
    """Id of the variant to be ramped, where the plan has several treatments."""
    as_if: bool = False
    """Whether the instant is another than the one of the call, so that the answer opens nothing."""
    frozen: Mapping[datetime, Mapping[str, str]] = field(default_factory=dict)
    """Look → digests of the rows that it was read from before, by metric."""
    was_rolled_back: bool = False
    """Whether the ledger ends with a rollback, after which everything begins anew."""
    in_canary_again: bool = False
    """Whether it did, and the canary is where the treatment is."""
    unjudged: tuple[LedgerEntry, ...] = ()
    """Stages of the ledger that nobody stands behind."""
    emergencies: tuple[Emergency, ...] = ()
    """Stages of the ledger that were entered without the gate."""
    judged_by: int = ANALYSIS
    """The analysis of the receipt that is replayed; this release's otherwise."""
    answers: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What functions marked `once` have answered."""

    @cached_property
    def zone(self) -> tzinfo:
        return zone_of(self.plan)

    @cached_property
    def taken(self) -> datetime:
        """When the results were taken."""
        return instant(self.evidence.as_of, self.zone)

    @property
    def seen_until(self) -> datetime:
        """Where the knowledge of the results ends, whenever they are judged."""
        return min(self.as_of, self.taken)

    @cached_property
    def stage(self) -> CurrentStage:
        stages = self.evidence.results.stages
        again = (self.in_canary_again, self.was_rolled_back)
        return current_stage(self.plan, stages, self.move, self.as_of, self.zone, *again)

    @cached_property
    def is_decision(self) -> bool:
        """Whether the test decides now: on the launch, from the test into the first stage, or of a holdback that is
        watched on whether it goes on, from its first look on."""
        if not has_primary_test(self.plan):
            return False
        if self.plan.type != "holdback":
            return self.move.kind == "stage" and self.move.position == 0
        looks = (
            [instant(look, self.zone) for look in self.plan.statistics.looks or ()]
            if self.plan.statistics
            else []
        )
        first = min(looks) if is_sequential(self.plan) else max(looks)
        return self.move.kind == "monitor" and self.as_of >= first

    @cached_property
    def variants(self) -> dict[str, Variant]:
        return {variant.id: variant for variant in self.plan.variants or () if variant.id}

    @cached_property
    def control(self) -> str:
        position = need(self.plan.control_position, "variants")
        return need(need(self.plan.variants, "variants")[position].id, "variants", position, "id")

    @cached_property
    def treatments(self) -> tuple[str, ...]:
        """Variants compared with control: all in the test, and in the ramp those that have rows there."""
        named = tuple(name for name in self.variants if name != self.control)
        if self.stage.position < 0 or len(named) == 1:
            return named
        seen = {each.variant for each in self.seen if each.stage == self.stage.name}
        seen |= {about.variant for about in self.lost if about.stage == self.stage.name}
        return tuple(name for name in named if name in seen) or named

    @property
    def variants_in_stage(self) -> tuple[str, ...]:
        """Control first, where the stage has one, and the treatments."""
        return (self.control, *self.treatments) if self.stage.has_control else self.treatments

    @property
    def ramped(self) -> tuple[str, ...]:
        """The treatments that the move is about: the one that is named, or all."""
        return (self.treatment,) if self.treatment else self.treatments

    @property
    def foremost(self) -> str:
        """The treatment that is shown where there is room for one. Raises NotChecked for a plan that names none."""
        for treatment in self.ramped:
            return treatment
        raise NotChecked(("variants",))

    @cached_property
    def rows_by_key(self) -> dict[tuple[str, str, str, str], list[Row]]:
        """(stage, window, metric, segment) → rows."""
        index: dict[tuple[str, str, str, str], list[Row]] = {}
        for row in self.evidence.rows:
            index.setdefault((row.stage, row.window, row.metric, row.segment), []).append(row)
        return index

    @cached_property
    def seen(self) -> tuple[Row | Seen, ...]:
        """All that tells when something was heard of whom, in whatever segment."""
        return (*self.evidence.rows, *self.evidence.of_segments)

    @cached_property
    def lost(self) -> tuple[About, ...]:
        """What refused rows would have said."""
        return tuple(about for problem in self.evidence.problems for about in problem.lost)


def once(function: Callable[[Readout], Answer]) -> Callable[[Readout], Answer]:
    """A function of a readout that several checks call: its answer is kept with the readout."""

    @wraps(function)
    def kept(readout: Readout) -> Answer:
        if function not in readout.answers:
            readout.answers[function] = function(readout)
        answer: Answer = readout.answers[function]
        return answer

    return kept
