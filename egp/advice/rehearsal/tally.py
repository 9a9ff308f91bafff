"""What became of the runs, counted, beside what the plan computes, with errors that count the lives in the past as clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from egp import stats
from egp.advice.rehearsal.judging import FiredTrigger
from egp.plan.quantity import shown

if TYPE_CHECKING:
    from egp.advice.rehearsal.computed import Computed
    from egp.advice.rehearsal.judging import Effect, RaiseAnswer, RunResult
    from egp.plan.experiment import Metric
    from egp.yaml import Path

Verdict = Literal["as computed", "more often", "less often", "not compared", "not rehearsed"]
Bad = Literal["more", "less", ""]
Group = Literal["no effect", "withdrawn", "held", "power", "harm"]
Happened = Callable[["RunResult"], bool]
FAR = 0.00135
"""One-sided chance beyond which a count does not come about by what was computed: three standard errors."""
_TOO_FEW = "minimum-units"
"""History may have fewer units than the plan counts on; that is reported of its own."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something happened."""

    group: Group
    name: str
    happened: int
    of: int
    share: float | None
    """None for what is not rehearsed."""
    error: float | None
    computed: float | None
    is_most: bool
    verdict: Verdict
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """The differences of a metric between two halves, in their standard errors."""

    metric: str
    of: int
    spread: float
    error: float
    uniform: float
    """P-value of the test that their p-values come evenly."""
    verdict: Literal["as they should", "too wide", "too narrow", "uneven"]

    @property
    def is_bad(self) -> bool:
        return self.verdict in ("too wide", "uneven")


@dataclass(frozen=True, slots=True)
class RunTally:
    """All runs together."""

    computed: Computed
    effects: Sequence[Effect]
    results: Sequence[RunResult]
    lives: int
    alpha: float = FAR

    @property
    def units(self) -> float | None:
        """Mean of the smaller variant's units at the readout."""
        found = [min(each.units) for each in self.results if each.units]
        return sum(found) / len(found) if found else None

    def units_of_lives(self) -> list[int]:
        """The smaller variant's units of each life, as its first run has them."""
        found: dict[int, int] = {}
        for each in self.results:
            if each.units:
                found.setdefault(each.life, min(each.units))
        return [found[life] for life in sorted(found)]

    def rates(self) -> Iterator[Rate]:
        yield from self._without_effect()
        yield from self._withdrawn()
        yield from self._held()
        yield from self._powers()
        yield from self._harms()

    # What happens without an effect.

    def _without_effect(self) -> Iterator[Rate]:
        first = self._first_raise()
        if not first or not self.computed.has_test:
            return
        if self.computed.plan.type == "non_inferiority":
            return
        yield self._rate(
            "no effect", "is shipped", lambda run: _ships(run.raises.get(first)), self.computed.shipped_by_chance(),
            is_most=True, bad="more",
        )  # fmt: skip
        level = self.computed.test_level()
        if level is None:
            return
        for _, metric in self.computed.plan.primaries:
            yield self._rate(
                "no effect", f"{shown(metric.id)} differs at {level * 100:g} %",
                _differs(metric.name, level), level, bad="more",
            )  # fmt: skip

    # What becomes of a harmless treatment.

    def _withdrawn(self) -> Iterator[Rate]:
        alarms = list(self.computed.alarms(self.units))
        total = [each.chance for each in alarms if each.can_sound and each.chance is not None]
        yield self._rate(
            "withdrawn", "is rolled back, by anything", lambda run: run.withdrawn is not None, min(1.0, sum(total)),
            is_most=True, bad="more",
        )  # fmt: skip
        for alarm in alarms:
            if not alarm.can_sound:
                yield Rate(
                    "withdrawn",
                    f"by {alarm.name}",
                    0,
                    0,
                    None,
                    None,
                    None,
                    is_most=True,
                    verdict="not rehearsed",
                )
                continue
            yield self._rate(
                "withdrawn", f"by {alarm.name}",
                _is_withdrawn_by(*alarm.triggers),
                alarm.chance, is_most=True, bad="more",
            )  # fmt: skip
        known = {trigger for each in alarms for trigger in each.triggers}
        others = {
            trigger for run in self.results if run.withdrawn for trigger in run.withdrawn.triggers
        } - known
        for trigger in sorted(others, key=str):
            yield self._rate(
                "withdrawn", f"by {_phrase(trigger)}",
                _is_withdrawn_by(trigger),
                None,
            )  # fmt: skip

    def _held(self) -> Iterator[Rate]:
        """Raises that a harmless treatment is refused, and by which checks."""
        first = self._first_raise()
        for stage in dict.fromkeys(
            call.move.name for call in self.computed.life.calls if call.move.kind != "monitor"
        ):
            is_readout = stage == first and self.computed.has_test
            answers = [run.raises[stage] for run in self.results if stage in run.raises]
            held = {trigger for answer in answers for trigger in _holding(answer, is_readout=is_readout)}
            for trigger in sorted(held, key=str):
                yield self._rate(
                    "held", f"at the raise to {stage}: by {_phrase(trigger)}", _is_held_by(stage, trigger),
                    self.computed.held(trigger.check, is_readout=is_readout) if trigger.is_judged else None,
                    is_most=True, bad="more", among=_is_raised_to(stage),
                )  # fmt: skip

    def _first_raise(self) -> str:
        """Into the first stage of the ramp, on which the test decides."""
        return next((call.move.name for call in self.computed.life.calls if call.move.kind == "stage"), "")

    # What it finds.

    def _powers(self) -> Iterator[Rate]:
        units = self.units
        if units is None:
            return
        first = self._first_raise()
        for at, effect in enumerate(self.effects):
            if effect.is_harm:
                continue
            computed = self.computed.power_of_primary(units) if not at else None
            yield self._rate(
                "power", f"the {_of(effect)} is found", _tested(effect.name, effect.metric.name), computed, bad="less",
                among=_has_effect(effect.name),
            )  # fmt: skip
            yield self._rate(
                "power", f"the {_of(effect)} is shipped", _ships_with(effect.name),
                self.computed.power_of_decision(units) if not at else None, bad="less", among=_has_effect(effect.name),
            )  # fmt: skip
        tested = [
            *(self.computed.plan.primaries if self.computed.plan.type == "non_inferiority" else ()),
            *self.computed.plan.guardrails,
        ]
        for path, metric in tested:
            if metric.non_inferiority_margin is None:
                continue
            yield self._rate(
                "power", f"harm of the margin of {shown(metric.id)} is ruled out, where there is none",
                _passes_at(first, metric.name), self._margin_power(path, metric, units),
                bad="less", among=_is_raised_to(first),
            )  # fmt: skip

    def _margin_power(self, path: Path, metric: Metric, units: float) -> float | None:
        if path[0] == "guardrail_metrics":
            return self.computed.power_of_guardrail(path, metric, units)
        return self.computed.power_of_primary(units)

    def _harms(self) -> Iterator[Rate]:
        for effect in self.effects:
            if effect.is_harm:
                yield self._rate(
                    "harm", f"{shown(effect.metric.id)}, harmed by its margin, is passed", _tested(effect.name, effect.metric.name),
                    self.computed.level_of_margin(effect.path), is_most=True, bad="more", among=_has_effect(effect.name),
                )  # fmt: skip

    def _rate(
        self, group: Group, name: str, happened: Happened, computed: float | None, *,
        is_most: bool = False, bad: Bad = "", among: Happened = lambda _: True,
    ) -> Rate:  # fmt: skip
        clusters = [[0.0, 0.0] for _ in range(self.lives)]
        for run in self.results:
            if among(run):
                clusters[run.life][0] += happened(run)
                clusters[run.life][1] += 1
        of = round(sum(each[1] for each in clusters))
        if not of:
            return Rate(group, name, 0, 0, None, None, computed, is_most, "not rehearsed")
        found = stats.clustered_share([(each[0], each[1]) for each in clusters])
        count = round(sum(each[0] for each in clusters))
        verdict = self._compared(count, of, found.inflation, computed, is_most=is_most)
        return Rate(
            group, name, count, of, found.value, found.error, computed, is_most, verdict,
            verdict == f"{bad} often",
        )  # fmt: skip

    def _compared(
        self, count: int, of: int, inflation: float, computed: float | None, *, is_most: bool
    ) -> Verdict:
        """By the binomial of as many independent runs as the clusters leave."""
        if computed is None:
            return "not compared"
        alone = max(1, round(of / inflation))
        lower, upper = stats.binomial_tails(min(alone, round(count / inflation)), alone, computed)
        if upper < self.alpha:
            return "more often"
        return "less often" if lower < self.alpha and not is_most else "as computed"

    # Whether standard errors are right.

    def spreads(self) -> Iterator[Spread]:
        names = dict.fromkeys(name for run in self.results for name in run.upper_tails)
        for name in names:
            clusters: list[list[float]] = [[] for _ in range(self.lives)]
            tails = []
            for run in self.results:
                tail = run.upper_tails.get(name)
                if tail is not None:
                    tails.append(tail)
                    clusters[run.life].append(stats.z_upper(min(max(tail, 1e-300), 1 - 1e-16)))
            yield self._spread(name, clusters, tails)

    def _spread(self, name: str, clusters: list[list[float]], tails: list[float]) -> Spread:
        found = stats.clustered_spread(clusters)
        uniform = stats.uniform_p_value(tails)
        # Of one that is right the error is known, where clusters add nothing.
        apart = (found.value - 1) / max(found.error / found.value if found.value else found.error, 1e-12)
        verdict: Literal["as they should", "too wide", "too narrow", "uneven"] = "as they should"
        if apart > 3:
            verdict = "too wide"
        elif apart < -3:
            verdict = "too narrow"
        elif uniform < self.alpha:
            verdict = "uneven"
        return Spread(name, len(tails), found.value, found.error, uniform, verdict)


def _ships(answer: RaiseAnswer | None) -> bool:
    """Whether a raise may be made, were there units enough."""
    return answer is not None and (
        answer.verdict == "proceed"
        or (answer.verdict == "hold" and {each.check for each in answer.open} <= {_TOO_FEW})
    )


def _differs(metric: str, level: float) -> Happened:
    def differs(run: RunResult) -> bool:
        tail = run.upper_tails.get(metric)
        return tail is not None and min(tail, 1 - tail) < level / 2

    return differs


def _is_withdrawn_by(*triggers: FiredTrigger) -> Happened:
    return lambda run: run.withdrawn is not None and not set(triggers).isdisjoint(run.withdrawn.triggers)


def _is_raised_to(stage: str) -> Happened:
    return lambda run: stage in run.raises


def _is_held_by(stage: str, trigger: FiredTrigger) -> Happened:
    def is_held(run: RunResult) -> bool:
        answer = run.raises.get(stage)
        return answer is not None and trigger in answer.open

    return is_held


def _passes_at(stage: str, metric: str) -> Happened:
    return lambda run: _passes(run.raises.get(stage), metric)


def _ships_with(effect: str) -> Happened:
    return lambda run: _ships(run.with_effects.get(effect))


def _holding(answer: RaiseAnswer, *, is_readout: bool) -> Iterator[FiredTrigger]:
    """What holds a raise beside the test itself, which has nothing to find."""
    for trigger in answer.open:
        if not (is_readout and trigger.check == "primary-outcome"):
            yield trigger


def _passes(answer: RaiseAnswer | None, metric: str) -> bool:
    return answer is not None and answer.tested.get(metric, False)


def _tested(effect: str, metric: str) -> Happened:
    return lambda run: _passes(run.with_effects.get(effect), metric)


def _has_effect(effect: str) -> Happened:
    return lambda run: effect in run.with_effects


def _of(effect: Effect) -> str:
    return f"MDE of {shown(effect.metric.id)}, {effect.metric.mde},"


def _phrase(trigger: FiredTrigger) -> str:
    about = f" of {shown(trigger.metric)}" if trigger.metric else ""
    return f"{shown(trigger.check)}{about}{'' if trigger.is_judged else ', not judged'}"
