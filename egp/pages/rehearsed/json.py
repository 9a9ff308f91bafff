"""Rehearsed beside computed, for programs, versioned by its `rehearsal_report` key."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from egp.output.contract import TOOL, Count, JudgingPolicy, Reported, Tool, as_text

if TYPE_CHECKING:
    from egp.advice.rehearsal.rehearse import Rehearsal
    from egp.policy.model import Policy


class RehearsedStage(Reported):
    """A stage, as far as it was rehearsed, in the plan's calendar."""

    name: str
    first: date
    days: Count


class RehearsedShare(Reported):
    """How often something happened."""

    group: Literal["no effect", "withdrawn", "held", "power", "harm"]
    name: str
    happened: Count
    runs: Count
    """Of which it could have happened in."""
    share: float | None
    """Null for what is not rehearsed."""
    error: float | None
    """Standard error, with the lives in the past as clusters."""
    computed: float | None
    """What the plan computes; null for what it does not."""
    is_most: bool
    """Whether it is computed to be at most that."""
    verdict: Literal["as computed", "more often", "less often", "not compared", "not rehearsed"]
    is_worse: bool
    """Whether the past errs more than computed, or finds less."""


class RehearsedSpread(Reported):
    """Differences between two halves without an effect, in their standard errors."""

    metric: str
    runs: Count
    spread: float
    """Root mean square, 1 where standard errors are right."""
    error: float
    p_value: float
    """Of the test that their p-values come evenly."""
    verdict: Literal["as they should", "too wide", "too narrow", "uneven"]
    is_worse: bool


class RehearsedQuantile(Reported):
    """A quantile of all units by its histogram, beside the one of the values, in the warehouse's units."""

    metric: str
    value: float
    standard_error: float
    value_of_histogram: float | None
    standard_error_of_histogram: float | None


class RehearsalReport(Reported):
    """What egp rehearse found."""

    rehearsal_report: Literal[1]
    """Version of this format."""
    tool: Tool
    experiment: str
    plan: str
    as_of: date
    policy: JudgingPolicy
    seed: int
    runs: Count
    buckets: Count
    history_first: date
    history_last: date
    starts: tuple[date, ...]
    """Of the lives in the past, each hashed with a salt of its own."""
    units: tuple[Count, ...]
    """Of the smaller variant at the readout, in each life."""
    planned_units: int | None
    stages: tuple[RehearsedStage, ...]
    shares: tuple[RehearsedShare, ...]
    spreads: tuple[RehearsedSpread, ...]
    quantiles: tuple[RehearsedQuantile, ...]
    not_rehearsed: tuple[str, ...]
    is_worse: bool
    """Whether anything is worse than the plan computes."""


def render(found: Rehearsal, policy: Policy) -> str:
    """One JSON object, keys in a fixed order, ending in a newline."""
    call = found.call
    return as_text(
        RehearsalReport(
            rehearsal_report=1,
            tool=TOOL,
            experiment=found.plan.name,
            plan=found.source.shown,
            as_of=call.as_of,
            policy=JudgingPolicy.of(policy),
            seed=call.seed,
            runs=len(found.tally.results),
            buckets=found.buckets,
            history_first=found.history[0],
            history_last=found.history[1],
            starts=found.starts,
            units=tuple(found.tally.units_of_lives()),
            planned_units=found.plan.sample_size_per_variant,
            stages=tuple(
                RehearsedStage(name=each.name, first=found.life.date(each.first), days=each.days)
                for each in found.life.stages
            ),
            shares=tuple(
                RehearsedShare(
                    group=each.group, name=each.name, happened=each.happened, runs=each.of, share=each.share,
                    error=each.error, computed=each.computed, is_most=each.is_most, verdict=each.verdict,
                    is_worse=each.is_bad,
                )
                for each in found.rates
            ),
            spreads=tuple(
                RehearsedSpread(
                    metric=each.metric, runs=each.of, spread=each.spread, error=each.error, p_value=each.uniform,
                    verdict=each.verdict, is_worse=each.is_bad,
                )
                for each in found.spreads
            ),
            quantiles=tuple(
                RehearsedQuantile(
                    metric=each.metric, value=each.raw.value, standard_error=each.raw.standard_error,
                    value_of_histogram=each.binned.value if each.binned else None,
                    standard_error_of_histogram=each.binned.standard_error if each.binned else None,
                )
                for each in found.quantiles
            ),
            not_rehearsed=found.not_rehearsed,
            is_worse=found.is_off,
        )
    )  # fmt: skip
