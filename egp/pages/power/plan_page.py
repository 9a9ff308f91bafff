"""The metrics of a plan for people: the one that binds first, then a row for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from egp.output.page.model import Answer, Paragraph, Section, Table
from egp.plan.analysis.by_day import days_to_run
from egp.plan.power.calculator import whole_weeks
from egp.plan.power.plan import BY_POLICY, MetricRow, PlanPower
from egp.plan.power.readings import found_text
from egp.plan.typed_reader import label
from egp.plan.wording import (
    HIGHEST_POWER,
    absolute,
    counted,
    listing,
    percent,
    power_text,
    share_text,
    unit_count,
    whole,
)

if TYPE_CHECKING:
    from egp.policy.model import Policy

_HEADS = ("metric", "needs", "days", "power", "required", "finds", "declared")
_NONE = "-"


def page(plans: Sequence[PlanPower], policy: Policy) -> Answer:
    """What binds each plan, its metrics in a table, and what else there is to say of them."""
    first, *others = plans
    name = policy.name_and_version
    sections = [section for plan in others for section in (Section(_sentence(plan), []), *_metrics(plan))]
    closing = Section("", [Paragraph(f"({counted(len(plans), 'plan')}; policy {name})")])
    return Answer(_sentence(first), [*_metrics(first), *sections, closing])


def _metrics(plan: PlanPower) -> Iterator[Section]:
    computed = [row for row in plan.rows if row.is_computed]
    if computed:
        yield Section("", [_table(plan, computed)])
    if notes := list(_notes(plan, computed)):
        yield Section("", [*map(Paragraph, notes)])


def _sentence(plan: PlanPower) -> str:
    name, binding = plan.experiment or plan.path, plan.binding
    if binding is None:
        return f"{name}: no metric's need could be computed."
    needed = binding.needed or 0.0
    text = (
        f"{name}: {binding.name} binds{_of_known(plan)}. It needs {unit_count(needed)} in the smallest variant for "
        f"{share_text(binding.asked or 0.0)} power{_against_declared(plan, needed)}."
    )
    return text + _in_days(plan, binding)


def _of_known(plan: PlanPower) -> str:
    if not plan.unknown_needs:
        return ""
    metrics = counted(plan.unknown_needs, "metric")
    return f" among the metrics whose need is known; that of {metrics} is not"


def _against_declared(plan: PlanPower, needed: float) -> str:
    if plan.declared is None:
        return "; the plan declares no sample size"
    short = needed - plan.declared
    if short > 1e-6:
        return f"; the plan declares {plan.declared:,}, {whole(short)} too few"
    if plan.arriving is not None and plan.declared > plan.arriving:
        come = f"only {int(plan.arriving):,} come"
        if needed > plan.arriving:
            return f"; the plan declares {plan.declared:,}, which would be enough, but {come}"
        return f"; the plan declares {plan.declared:,}, of which {come}, enough"
    return f"; the plan declares {plan.declared:,}, enough"


def _in_days(plan: PlanPower, binding: MetricRow) -> str:
    if binding.days is None or plan.arriving is None or plan.run_days is None:
        return ""
    days, run = days_to_run(binding.days), whole_weeks(binding.days)
    return (
        f" As units come ({int(plan.arriving):,} to the smallest variant in {counted(plan.run_days, 'day')}) that "
        f"takes {counted(days, 'day')} of exposure: run {run} days, whole weeks."
    )


def _table(plan: PlanPower, rows: Sequence[MetricRow]) -> Table:
    return Table(
        _HEADS,
        [*map(_cells, rows)],
        numeric=frozenset(range(1, len(_HEADS))),
        marked=frozenset(at for at, row in enumerate(rows) if row is plan.binding),
    )


def _cells(row: MetricRow) -> tuple[str, ...]:
    return (
        row.name,
        _NONE if row.needed is None else whole(row.needed),
        _NONE if row.days is None else f"{days_to_run(row.days):,}",
        _power(row.power),
        _NONE if row.asked is None else share_text(row.asked),
        _NONE if row.detectable is None else found_text(row.detectable, row.unit or ""),
        _NONE if row.distance is None else absolute(row.distance, row.unit or ""),
    )


def _notes(plan: PlanPower, computed: Sequence[MetricRow]) -> Iterator[str]:
    if computed:
        yield (
            "needs, days: units in the smallest variant, and days of exposure, for the power required; power, finds: what the "
            "declared sample gives, and the smallest MDE or margin at the power required; declared: the plan's MDE or margin."
        )
    yield from _asked(computed)
    together = plan.guardrails_together
    if together is not None:
        said = f"All guardrails pass together with {power_text(together)} power, if they are harmless and independent"
        at_least = plan.guardrails_at_least
        yield (
            f"{said}; with at least {power_text(at_least)} if they are not independent."
            if at_least
            else f"{said}."
        )
    yield from _branches(plan)
    for row in plan.rows:
        if row.missing or row.reason:
            yield _not_computed(row)


_EFFECT = {"mde": "a true effect of the MDE", "none": "no effect", "harm": "harm of that size"}


def _branches(plan: PlanPower) -> Iterator[str]:
    """What the decision rule comes to, one sentence for each true effect."""
    for each in plan.branches:
        of = (
            "harm of twice the margin"
            if len(plan.branches) == 2 and each.effect == "harm"
            else _EFFECT[each.effect]
        )
        yield (
            f"Of {of}: ships {_chance(each.ship)}, is withdrawn {_chance(each.withdraw)}, inconclusive "
            f"{_chance(each.inconclusive)} of the time."
        )


_RARE = 1e-4


def _chance(chance: float) -> str:
    return f"less than {percent(_RARE, 2)}" if chance < _RARE else _power(chance)


_ASKED_OF = {
    "primary": "the primary",
    "co-primary": "co-primaries",
    "guardrail": "guardrails",
    "informing": "guardrails that inform",
    "negative_control": "negative controls",
}


def _asked(rows: Sequence[MetricRow]) -> Iterator[str]:
    for source in dict.fromkeys(row.asked_by for row in rows if row.asked_by):
        of = [row for row in rows if row.asked_by == source]
        roles = listing(dict.fromkeys(_ASKED_OF[row.role] for row in of))
        hint = "; power_scope: decision requires more" if source == BY_POLICY else ""
        yield f"{share_text(of[0].asked or 0.0)} is {source}, required of {roles}{hint}."


def _not_computed(row: MetricRow) -> str:
    what = "not computed in full" if row.is_computed else "not computed"
    needs = f"needs {listing(f'`{label(path)}`' for path in row.missing)}" if row.missing else ""
    return f"{row.name}: {what}: {'; '.join(part for part in (needs, row.reason) if part)}"


def _power(power: float | None) -> str:
    if power is None:
        return _NONE
    return ">99.99 %" if power > HIGHEST_POWER else power_text(power)
