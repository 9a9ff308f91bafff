"""A run from its first day to its last: each morning its rows go through the gate, at the readout with effects put into them, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, tzinfo
from functools import cache
from typing import TYPE_CHECKING

from egp import stats
from egp.advice.rehearsal.effects import NoEffectError, with_effect
from egp.advice.rehearsal.evidence import StageOfRun, rows_of_stage
from egp.gate.comparisons import comparison_at
from egp.gate.estimates import Lacking
from egp.gate.readout import Readout
from egp.gate.verdict import Decision, Verdict, decide
from egp.plan.analysis.registered_test import guardrail_test_of, primary_test_of
from egp.plan.finding import NotChecked
from egp.plan.results import TEST, Evidence, Results
from egp.record.lock import made
from egp.rules.gate_check import Check, checks

if TYPE_CHECKING:
    from egp.advice.rehearsal.timeline import GateCall, RehearsedLife
    from egp.gate.estimates import Comparison
    from egp.gate.reading import Reading
    from egp.plan.experiment import Experiment, Metric
    from egp.policy.model import Adopted
    from egp.rules.rule import Params
    from egp.rules.rule_inputs import Organisation
    from egp.yaml import Path

PAPERWORK = ("registered", "revision", "sign-off", "change-window", "logged-once")
"""Checks of the gate whose answer no history has: they are taken as passed."""
NOTHING = ""
"""Without an effect."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What is put into the rows of the readout."""

    name: str
    is_harm: bool
    """Of a margin; otherwise it is the effect worth finding."""
    path: Path
    metric: Metric
    change: Callable[[float], float]
    """Of the level of control the change of the treatment's, as a share of it."""


@dataclass(frozen=True, slots=True)
class FiredTrigger:
    """What withdrew a treatment, or held it."""

    check: str
    metric: str = ""
    rule: str = ""
    is_judged: bool = True
    """Whether the check had what it takes; one that had not is no alarm, and holds all the same."""


@dataclass(frozen=True, slots=True)
class EndOfLife:
    day: int
    stage: str
    triggers: tuple[FiredTrigger, ...]


@dataclass(frozen=True, slots=True)
class RaiseAnswer:
    """What the gate says of a raise."""

    verdict: Verdict
    open: tuple[FiredTrigger, ...]
    """What holds it."""
    tested: Mapping[str, bool]
    """Metric → whether its own test passes: the primary's is met, the harm of a guardrail's margin ruled out."""


@dataclass(slots=True)
class RunResult:
    """What became of a run."""

    life: int
    """Number of the life in the past, whose buckets it splits."""
    withdrawn: EndOfLife | None = None
    raises: dict[str, RaiseAnswer] = field(default_factory=dict)
    """Stage of the ramp → the answer to the raise into it; the first one's is the readout's."""
    with_effects: dict[str, RaiseAnswer] = field(default_factory=dict)
    upper_tails: dict[str, float] = field(default_factory=dict)
    """Metric → chance of a larger difference than the one seen, were there none."""
    units: tuple[int, ...] = ()
    """Of the variants at the readout, control first."""


@dataclass(frozen=True)
class Judge:
    """The gate with everything that does not change from day to day."""

    plan: Experiment
    life: RehearsedLife
    zone: tzinfo
    rules: Mapping[str, Adopted]
    organisation: Organisation
    options: Mapping[str, Params]
    effects: Sequence[Effect] = ()
    seed: int = 0

    def run(self, number: int, life: int, stages: Mapping[str, StageOfRun]) -> RunResult:
        """One run; the number decides about the noise of effects."""
        result = RunResult(life)
        for call in self.life.calls:
            is_raise, of_test = call.move.kind != "monitor", call.stage == TEST
            if result.withdrawn and not (is_raise and of_test):
                continue
            readout = self._readout(call, stages)
            decision = self._decided(readout, is_raise=is_raise)
            if decision.verdict == "roll_back" and not result.withdrawn:
                triggers = tuple(sorted({_trigger(each) for each in decision.reasons}, key=str))
                result.withdrawn = EndOfLife(call.day, call.stage, triggers)
            if is_raise:
                before = result.raises.get(call.move.name)
                if before is None or before.verdict != "proceed":
                    result.raises[call.move.name] = _answer(decision)
            if is_raise and of_test:
                self._read(result, call, readout, stages, number)
        return result

    def _readout(self, call: GateCall, stages: Mapping[str, StageOfRun]) -> Readout:
        now = stages[call.stage]
        days = call.day - self.life.stage(call.stage).first
        rows = list(rows_of_stage(now, days))
        for stage in self.life.stages:
            if stage.name == call.stage:
                break
            rows += rows_of_stage(stages[stage.name], stage.until - stage.first, windows_only=True)
        rows.sort(key=lambda row: row.key)
        as_of = datetime.combine(self.life.date(call.day), time(0), self.zone)
        results = made(
            Results, experiment=self.plan.id, as_of=as_of, revision=self.plan.revision,
            stages=self.life.ledger(call, self.zone),
        )  # fmt: skip
        return Readout(
            plan=self.plan, evidence=Evidence(results, as_of, tuple(rows), (), ""), move=call.move, as_of=as_of,
            rules=self.rules, organisation=self.organisation, options=self.options,
        )  # fmt: skip

    def _decided(self, readout: Readout, *, is_raise: bool = True) -> Decision:
        """On a day without a raise the only question is whether anything rolls back, and the checks are called that may."""
        return decide(readout, among=_of_a_raise() if is_raise else _that_withdraw())

    def _read(
        self,
        result: RunResult,
        call: GateCall,
        readout: Readout,
        stages: Mapping[str, StageOfRun],
        number: int,
    ) -> None:
        """What the look shows, with and without effects; a later look replaces what an earlier one left open."""
        found = dict(_comparisons(readout))
        result.upper_tails = {name: each.difference.upper_tail() for name, each in found.items()}
        if found:
            first = max(found.values(), key=lambda each: each.control_units)
            result.units = (first.control_units, first.treatment_units)
        for at, effect in enumerate(self.effects):
            before, seen = result.with_effects.get(effect.name), found.get(effect.metric.name)
            if seen is None or (before is not None and before.verdict == "proceed"):
                continue
            changed = self._changed(effect, seen, stages[TEST], (number, at))
            if changed is not None:
                with_effect = self._readout(call, {**stages, TEST: changed})
                result.with_effects[effect.name] = _answer(self._decided(with_effect))

    def _changed(
        self, effect: Effect, seen: Comparison, stage: StageOfRun, place: tuple[int, int]
    ) -> StageOfRun | None:
        import numpy

        draw = numpy.random.default_rng((self.seed, *place))
        variant = next(each.id for each in self.plan.variants or () if not each.control)
        try:
            return with_effect(stage, effect.metric, variant or "", effect.change(seen.control.value), draw)
        except NoEffectError:
            return None


@cache
def _of_a_raise() -> tuple[Check, ...]:
    return tuple(check for check in checks() if check.id not in PAPERWORK)


@cache
def _that_withdraw() -> tuple[Check, ...]:
    return tuple(check for check in _of_a_raise() if check.withdraws)


def _comparisons(readout: Readout) -> Iterator[tuple[str, Comparison]]:
    """The primaries and the guardrails as the look judges them."""
    tests = [(primary_test_of, path, metric) for path, metric in readout.plan.primaries]
    tests += [
        (guardrail_test_of, path, metric)
        for path, metric in readout.plan.guardrails
        if metric.non_inferiority_margin is not None
    ]
    for test_of, path, metric in tests:
        try:
            comparison = comparison_at(readout, test_of(readout.plan, metric, path), readout.foremost)
            comparison.difference.upper_tail()
        except (Lacking, NotChecked, stats.StatisticsInputError):
            continue
        yield metric.name, comparison


def _trigger(reading: Reading) -> FiredTrigger:
    return FiredTrigger(reading.check, reading.metric, reading.rule)


def _answer(decision: Decision) -> RaiseAnswer:
    tested: dict[str, bool] = {}
    for reading in decision.readings:
        if reading.check in ("primary-outcome", "guardrail"):
            tested[reading.metric] = tested.get(reading.metric, True) and reading.passed
    is_open = {
        replace(_trigger(each), is_judged=each.state != "not_checked")
        for each in decision.readings
        if not each.passed and not each.rolls_back
    }
    is_open |= {FiredTrigger(crash.check) for crash in decision.crashes}
    return RaiseAnswer(decision.verdict, tuple(sorted(is_open, key=str)), tested)
