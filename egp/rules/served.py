"""What a flag serves in the words of its plan: variants, shares, and the stages that may be served on a day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from egp.plan.analysis.days import first_day, last_day, readout_day
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, NotChecked
from egp.plan.names import folded
from egp.plan.quantity import as_day, shown
from egp.plan.results import CANARY, TEST, stage_name
from egp.plan.wording import listing
from egp.record.rollouts.rollout import DEFAULT, Audience, Rollout, VariantShare
from egp.stats.values import NamedTuple
from egp.yaml import Path, Span

if TYPE_CHECKING:
    from egp.plan.holdouts import SharedHoldout
    from egp.rules.rule_inputs import ServedFlag

CLOSE = 0.001
"""Shares that differ by less are the same: weights are whole numbers of something."""

_OFF = frozenset(["off", "false", "control", "disabled", "stable", "primary", "baseline", "0", "none"])
_ON = frozenset(["on", "true", "treatment", "enabled", "canary", "1"])
"""What flags call their variants where they have no names of the plan's."""


class PlanStage(NamedTuple):
    """A stage that the plan declares, and what is served in it."""

    name: str
    treated: float
    at: Path
    dwell: timedelta | None = None


def planned(served: ServedFlag) -> Experiment:
    """The plan. Raises DoesNotApply where there is none: what nobody planned is compared with nothing."""
    if served.plan is None:
        raise DoesNotApply
    return served.plan


def of_units(served: ServedFlag) -> Experiment:
    """The plan of a flag that divides units. Shares of requests or replicas are not compared with those of units."""
    plan = planned(served)
    if served.rollout.share_of != "units" or not served.rollout.is_on:
        raise DoesNotApply
    return plan


def known(audience: Audience) -> Audience:
    """The audience. Raises NotChecked where its shares are computed elsewhere."""
    if audience.unread:
        raise NotChecked(
            (), audience.unread, "write the shares into the file, or compare them by hand", audience.at
        )
    return audience


def known_part(served: ServedFlag) -> None:
    """Raises NotChecked where a part of the rollout is computed elsewhere."""
    for each in served.rollout.unread:
        raise NotChecked((), each.reason, "write it into the file, or compare it by hand", each.at)


def decisive(rollout: Rollout) -> list[Audience]:
    """The audiences that the plan is about: where chance decides, or, where it decides nothing, everybody."""
    unknown = [each for each in rollout.audiences if each.unread]
    split = list(rollout.splits)
    return [
        *unknown,
        *(split or [each for each in rollout.audiences if not each.condition and not each.unread]),
    ]


def treated(served: ServedFlag, shares: Iterable[VariantShare]) -> float:
    """The share that gets any treatment."""
    control = control_of(served)
    return sum(share for variant, share in by_variant(served, shares).items() if variant != control)


def control_of(served: ServedFlag) -> str:
    plan = planned(served)
    position = plan.control_position
    if position is None or plan.variants is None:
        raise NotChecked(("variants",))
    return plan.variants[position].id or ""


def by_variant(served: ServedFlag, shares: Iterable[VariantShare]) -> dict[str, float]:
    """Variant of the plan → its share. Raises NotChecked where the names of the flag are not the plan's."""
    named, within = _Names(served), reach(served)
    found: dict[str, float] = {}
    for each in shares:
        if each.share > 0 or each.variant:
            variant = named.variant(each)
            found[variant] = found.get(variant, 0.0) + each.share * within
    if within < 1:
        control = control_of(served)
        found[control] = found.get(control, 0.0) + 1 - within
    return found


def shared_holdout(served: ServedFlag) -> SharedHoldout | None:
    """The shared holdout that the flag's plan is in; None where it is in none that the policy has."""
    plan = served.plan
    return plan.supplied.holdouts.get(plan.shared_holdout) if plan and plan.supplied else None


def requires_holdout(served: ServedFlag) -> bool:
    """Whether the flag of the plan's shared holdout is a prerequisite of it."""
    shared = shared_holdout(served)
    named = {folded(each.value) for each in served.rollout.prerequisites}
    return shared is not None and shared.terms.flag is not None and folded(shared.terms.flag) in named


def reach(served: ServedFlag) -> float:
    """The share of the units that a flag's own shares are shares of: those that its shared holdout leaves, where it requires
    the flag of that; else all."""
    shared = shared_holdout(served)
    return 1 - (shared.terms.share or 0.0) if shared and requires_holdout(served) else 1.0


_ANY = frozenset(("", "targeting", "entity", "default"))
"""What an attribute may be called that is whatever the application chose as the unit."""


def is_unit(attribute: str, unit: str) -> bool:
    """Whether an attribute that is hashed can be a unit: whatever says that it is an id counts for nothing."""
    return _plain(attribute) in _ANY | {_plain(unit)}


def _plain(name: str) -> str:
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()
    kept = [each for each in re.split(r"[^a-z0-9]+", words) if each not in ("id", "key", "uuid", "")]
    return kept[-1].removesuffix("s") if kept else ""


class _Names:
    """Which variant of the plan a flag's own name means."""

    def __init__(self, served: ServedFlag) -> None:
        plan, rollout = planned(served), served.rollout
        self._control = control_of(served)
        ids = [each.id for each in plan.variants or () if each.id]
        self._known = {folded(each): each for each in ids}
        self._treatments = [each for each in ids if each != self._control]
        self._off = {folded(each.value) for each in (rollout.off,) if each}
        self._default = folded(rollout.default.value) if rollout.default else None
        used = {folded(share.variant) for each in _shares_of(rollout) for share in each if share.variant}
        self._foreign = {each for each in used if each not in self._known and not self._is_control(each)}

    def variant(self, share: VariantShare) -> str:
        name = folded(share.variant)
        if name in self._known:
            return self._known[name]
        if share.variant == DEFAULT or self._is_control(name):
            return self._control
        if len(self._treatments) == 1 and (len(self._foreign) == 1 or name in _ON):
            return self._treatments[0]
        raise NotChecked(
            (),
            f"the flag serves {shown(share.variant)}, which is no variant of the plan",
            f"name the variants as the plan does: {listing(self._known.values(), 'or')}",
            share.at,
        )

    def _is_control(self, name: str) -> bool:
        is_default = name == self._default and name not in _ON and len(self._treatments) == 1
        return name in self._off or is_default or (name in _OFF and not self._has_own_control)

    @property
    def _has_own_control(self) -> bool:
        """Whether the flag serves another variant while it is off, or by default, than one that is called so."""
        default = {self._default} if self._default and len(self._treatments) == 1 else set()
        return bool((self._off | default) - _OFF - _ON - self._known.keys())


def _shares_of(rollout: Rollout) -> list[Sequence[VariantShare]]:
    return [*(each.shares for each in rollout.audiences), *(each.shares for each in rollout.stages)]


def place_of(served: ServedFlag, shares: Sequence[VariantShare], otherwise: Span) -> Span:
    """Where the weight of the treatment is written."""
    control = control_of(served)
    names = _Names(served)
    return next((each.at for each in shares if each.share > 0 and names.variant(each) != control), otherwise)


def test_share(plan: Experiment) -> float | None:
    """The share of eligible units that is treated during the run, all treatments together."""
    exposure = plan.schedule.exposure if plan.schedule else None
    weights = [each.weight for each in plan.variants or () if not each.control]
    if exposure is None or not weights or any(each is None for each in weights):
        return None
    return exposure * sum(each or 0.0 for each in weights)


def stages_of(plan: Experiment) -> list[PlanStage]:
    """Every stage of the plan, in order."""
    found = []
    if plan.canary and plan.canary.treated:
        found.append(PlanStage(CANARY, plan.canary.treated, ("canary", "treated")))
    share = test_share(plan) if plan.type != "rollout" else None
    if share is not None:
        found.append(PlanStage(TEST, share, ("schedule", "exposure")))
    for position, stage in enumerate(plan.ramp):
        if stage.treated is not None:
            path: Path = ("ramp", position, "treated")
            found.append(PlanStage(stage_name(stage.treated), stage.treated, path, stage.min_dwell))
    return found


def due(served: ServedFlag, stages: Sequence[PlanStage]) -> list[PlanStage]:
    """The stages that may be served on the day: where the ledger has entries the last one and the next, else by the calendar.

    After a rollback that is the canary.
    """
    plan, ledger = planned(served), served.ledger
    ramp = [each for each in stages if each.at[0] == "ramp"]
    if ledger is not None and (ledger.was_rolled_back or ledger.is_in_canary_again):
        return [each for each in stages if each.name == CANARY] + (
            ramp[:1] if ledger.is_in_canary_again else []
        )
    entered = [each.treated for each in served.entered or () if each.treated is not None]
    if entered:
        now = next((at for at, each in enumerate(ramp) if same(each.treated, entered[-1])), None)
        before = [each for each in stages if each.at[0] != "ramp"]
        return before if now is None else ramp[now : now + 2]
    if served.as_of < not_before(served):
        return []
    of_run = [each for each in stages if each.at[0] != "ramp"]
    if plan.type == "rollout":
        return of_run + ramp
    start = first_day(plan)
    if served.as_of < start:
        return [each for each in of_run if each.name == CANARY]
    if served.as_of <= max(last_day(plan), readout_day(plan) - timedelta(days=1)):
        return [each for each in of_run if each.name == TEST]
    first = ramp if served.entered is None else ramp[:1]
    return [*(each for each in of_run if each.name == TEST), *first]


def not_before(served: ServedFlag) -> date:
    """The first day on which a unit may be treated."""
    plan = planned(served)
    canary = plan.canary.start if plan.canary else None
    if plan.type == "rollout" and canary is None and not (plan.schedule and plan.schedule.start):
        return date.min
    return min(as_day(canary), first_day(plan)) if canary else first_day(plan)


def same(share: float, other: float) -> bool:
    return abs(share - other) <= CLOSE
