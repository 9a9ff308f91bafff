"""How far an accepted plan is from the limits of its policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from egp.advice.options.levers import policy_power
from egp.output.page.model import Block, Light, Section, Table
from egp.plan.analysis.days import full_days, weekday_counts
from egp.plan.analysis.registered import required_smallest
from egp.plan.analysis.traffic import holdout_share, units_that_come
from egp.plan.finding import NotChecked, need
from egp.plan.power.plan import BY_POLICY, MetricRow, plan_power
from egp.plan.typed_reader import changed
from egp.plan.wording import absolute, counted, percent, power_text, whole
from egp.stats import StatisticsInputError

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.output.page.model import Tone


class MarginRow(NamedTuple):
    """What is limited, what the policy requires, what the plan has, what is to spare."""

    what: str
    asked: str
    has: str
    spare: float
    make_row: str
    """What is to spare, in words."""


def margins(case: Case) -> Iterator[Section]:
    """A table of the plan's numbers beside the policy's."""
    rows = [
        row
        for make_row in (_runtime, _weekdays, _sample, _arrival, _power, _holdout)
        if (row := _kept(make_row, case))
    ]
    rows += list(_metrics(case))
    blocks: list[Block] = []
    if rows:
        table = [
            (each.what, each.asked, each.has, Light("caution" if each.spare < 0 else "good", each.make_row))
            for each in rows
        ]
        blocks.append(Table(("what", "required", "the plan", "to spare"), table, "Margins to the limits"))
    if blocks:
        tone: Tone = "caution" if any(each.spare < 0 for each in rows) else "good"
        yield Section("How far it is from the limits", blocks, tone)


def _kept(make_row: Callable[[Case], MarginRow | None], case: Case) -> MarginRow | None:
    try:
        return make_row(case)
    except (NotChecked, ArithmeticError, StatisticsInputError):
        return None


def _runtime(case: Case) -> MarginRow | None:
    asked = case.asked("shortest_run")
    longest = max((run.days for run in full_days(case.plan)), default=0)
    if not asked:
        return None
    spare = longest - asked
    return MarginRow(
        "days at full exposure",
        f"{asked}",
        f"{longest}",
        spare,
        _to_spare(counted(abs(spare), "day"), spare, ("", "short")),
    )


def _weekdays(case: Case) -> MarginRow | None:
    asked = case.asked("times_each_weekday")
    least = min(weekday_counts(full_days(case.plan)))
    if not asked:
        return None
    return MarginRow(
        "times each weekday is seen",
        f"{asked}",
        f"{least}",
        least - asked,
        _to_spare(f"{abs(least - asked)}", least - asked, ("", "short")),
    )


def _sample(case: Case) -> MarginRow | None:
    needed = required_smallest(case.plan)
    declared = need(case.plan.sample_size_per_variant, "sample_size_per_variant")
    spare = declared / needed - 1
    return MarginRow("units per variant", whole(needed), whole(declared), spare, _more(spare))


def _arrival(case: Case) -> MarginRow | None:
    declared, come = case.plan.sample_size_per_variant, units_that_come(case.plan)
    if not declared or come is None:
        return None
    spare = come / declared - 1
    return MarginRow("units that come per variant", whole(declared), whole(come), spare, _more(spare))


def _more(spare: float) -> str:
    return _to_spare(percent(abs(spare), 1), spare, ("more", "too few"))


def _to_spare(amount: str, spare: float, words: tuple[str, str]) -> str:
    """What is to spare, or by how much it is missed, which a waiver or a warning can leave."""
    return f"{amount} {words[spare < 0]}".rstrip()


def _power(case: Case) -> MarginRow | None:
    row = next((each for each in _rows(case) if each.role == "primary" and each.power is not None), None)
    if row is None or row.power is None:
        return None
    what = f"power of {row.name} at the MDE"
    if row.test == "non_inferiority":
        what = f"power to rule out {_margin(row)} of harm to {row.name}"
    return _power_row(what, policy_power(case), row.power)


def _margin(row: MetricRow) -> str:
    return absolute(row.distance, row.unit or "") if row.distance is not None else "its margin"


def _power_row(what: str, asked: float, power: float) -> MarginRow:
    spare = power - asked
    words = _to_spare(f"{abs(spare) * 100:.1f} points", spare, ("", "short"))
    return MarginRow(what, percent(asked), power_text(power), spare, words)


def _metrics(case: Case) -> Iterator[MarginRow]:
    """Each guardrail's power to rule out its margin, where the policy requires one."""
    for row in _rows(case):
        if (
            row.role == "guardrail"
            and row.power is not None
            and row.asked is not None
            and row.asked_by == BY_POLICY
        ):
            yield _power_row(f"power to rule out {_margin(row)} of harm to {row.name}", row.asked, row.power)


def _rows(case: Case) -> tuple[MetricRow, ...]:
    """Of the units that are declared, or of those that come where a waiver has it start with fewer."""
    declared, come = case.plan.sample_size_per_variant, units_that_come(case.plan)
    is_short = declared and come is not None and come < declared
    plan = changed(case.plan, sample_size_per_variant=come) if is_short else case.plan
    return plan_power(plan, case.document, case.asked("guardrail_power")).rows


def _holdout(case: Case) -> MarginRow | None:
    asked, share = case.asked("smallest_holdout"), holdout_share(case.plan)
    if not asked or not share:
        return None
    spare = share - asked
    words = _to_spare(f"{abs(spare) * 100:.10g} points", spare, ("", "short"))
    return MarginRow("share of the holdout", percent(asked), percent(share), spare, words)
