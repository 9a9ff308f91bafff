"""Amounts of money on a page: what each is, how it is computed, and which line of the plan would make a missing one possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from egp.output.page.model import Block, Paragraph, Points, Section, Table
from egp.plan.analysis.days import run_days
from egp.plan.analysis.money import (
    WEEK,
    Amount,
    Price,
    Unpriced,
    UnstatedWorth,
    called_by_people,
    people,
    price_of,
    treated_at_the_end,
    worth_of_change,
)
from egp.plan.analysis.registered import PRIMARY, planned_units, power_at, primary_effect, signed_size
from egp.plan.finding import NotChecked, need
from egp.plan.quantity import shown
from egp.plan.wording import counted, in_points, money, percent, power_text, significant
from egp.stats import StatisticsInputError
from egp.stats.values import NamedTuple
from egp.yaml import pointer

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.experiment import Experiment, Metric
    from egp.plan.quantity import Measure, MetricChange
    from egp.yaml import Path


class PricedLine(NamedTuple):
    """An amount, a gain above zero and a loss below."""

    name: str
    amount: Amount
    how: str
    """The multiplication, with its numbers."""
    metric: str = ""
    """Id of the metric that it is about."""
    events: str = ""
    """How many more or fewer that is: "about 1,551 more"."""
    of: str = ""
    """What people call the metric."""
    has_words_for_sign: bool = False
    """Whether its words say which way it goes, so that the amount beside them has no sign: "forgone if …"."""
    is_partial: bool = False
    """Whether outcomes are still missing of everybody whom it counts."""


def what(line: PricedLine) -> str:
    """ "Contacts with customer service, stage 90% so far: about 1,551 more"."""
    return f"{line.name}: {line.events}" if line.events else line.name


def written(line: PricedLine) -> str:
    """The amount beside its words."""
    return str(-line.amount if line.has_words_for_sign and line.amount.middle < 0 else line.amount)


class Account(NamedTuple):
    """The amounts of a page, and what keeps others from it."""

    lines: tuple[PricedLine, ...]
    lacks: tuple[str, ...]


def account(lines: Iterable[PricedLine | str]) -> Account:
    """Lines, and the reasons for which others are missing, each once."""
    found = list(lines)
    lacks = dict.fromkeys(each for each in found if isinstance(each, str))
    return Account(tuple(each for each in found if isinstance(each, PricedLine)), tuple(lacks))


def money_section(title: str, said: Account, note: str = "", *, for_executives: bool = False) -> Section:
    blocks: list[Block] = []
    if said.lines:
        rows = [[what(each), written(each)] for each in said.lines]
        blocks.append(Table(["what", "amount"], rows, numeric=frozenset({1})))
        if note:
            blocks.append(Paragraph(note))
    if said.lacks:
        more = "More amounts are possible:" if said.lines else "No amount can be computed yet:"
        blocks += [Paragraph(more), Points(_in_short(said.lacks))]
    if said.lines and not for_executives:
        how = [[each.name, each.how] for each in said.lines]
        blocks.append(Section("How the amounts are computed", [Table(["amount", "is"], how)], folded=True))
    return Section(title, blocks)


def _in_short(lacks: tuple[str, ...]) -> list[str]:
    said = _alike_together(lacks)
    if len(said) <= _MOST_LACKS:
        return said
    return [*said[: _MOST_LACKS - 1], f"and {counted(len(said) - _MOST_LACKS + 1, 'line')} more, likewise"]


_MOST_LACKS = 3


def _alike_together(lacks: tuple[str, ...]) -> list[str]:
    """Lines that would say the same of several metrics, in one."""
    without = [name for each in lacks if isinstance(each, UnstatedWorth) for name in each.metrics]
    others = [each for each in lacks if not isinstance(each, UnstatedWorth)]
    return [UnstatedWorth(*without), *others] if without else others


def in_people(price: Price, reached: float) -> str:
    """ "× 153,000 people × $1.10"."""
    return f"× {round(reached):,} people × {money(price.value, price.currency)}"


def counted_as(plan: Experiment, days: float, treated: float) -> str:
    """Which people those are: "98,357 people: 340,000 in the 14 days of a run, 45 % of them, for 9 days". Raises NotChecked."""
    units = plan.eligible_units.distinct_over_run if plan.eligible_units else None
    over_run = need(units, "eligible_units", "distinct_over_run")
    reached = round(people(plan, days, treated))
    return (
        f"{reached:,} people{anew(plan, days)}: {over_run:,.0f} in the {counted(run_days(plan), 'day')} of a run, {percent(treated)} of "
        f"them, for {counted(days, 'day')}"
    )


def anew(plan: Experiment, days: float) -> str:
    """ ", counted anew every 14 days": how often who comes back counts, where that is more than once."""
    run = run_days(plan)
    return f", counted anew every {counted(run, 'day')}" if days > run else ""


def of_a_thousand(value: float) -> str:
    """A rate or a mean of a person in one style: "31 per 1,000 people"; from 1 on "3.1 a person"."""
    if abs(value) >= 1:
        return f"{significant(value, 3)} a person"
    return f"{significant(value * 1000, 3)} per 1,000 people"


BEFORE = "Each amount is the difference to today's version. They rest on what the plan states alone, and on no result."


def stated_account(
    plan: Experiment,
    catalogue: MetricCatalogue | None,
    days: float,
    treated: float | None,
    waits: bool = False,
) -> Account:
    """What some days of the whole launch gain and cost, from what the plan states: before there is a result.

    ``treated`` is the share that is treated besides; None for the plan's last stage. Waiting for so many days forgoes
    what they would gain, and saves what they would cost.
    """
    said = account(
        _stated(plan, catalogue, days, treated, ("forgone", "saved") if waits else ("gained", "lost"))
    )
    if not waits:
        return said
    return said._replace(lines=tuple(each._replace(amount=-each.amount) for each in said.lines))


def _stated(
    plan: Experiment,
    catalogue: MetricCatalogue | None,
    days: float,
    treated: float | None,
    verbs: tuple[str, str],
) -> Iterator[PricedLine | str]:
    up, down = verbs
    try:
        reached = people(plan, days, treated_at_the_end(plan) if treated is None else treated)
    except NotChecked as missing:
        yield f"`{pointer(missing.path)}` would say how many people a launch reaches"
        return
    for path, metric in plan.primaries:
        target = metric.target if metric.target != metric.mde else None
        for words, change in (("it is sized to find", metric.mde), ("is hoped for", target)):
            if change is not None:
                name = shown(called_by_people(metric, catalogue))
                sign = "-" if metric.direction == "decrease" else "+"
                yield _line(
                    f"{up} at {sign}{in_points(change)} of {name}, which {words}",
                    metric,
                    path,
                    change,
                    catalogue,
                    reached,
                    1,
                )
    for path, metric in plan.guardrails:
        margin = metric.non_inferiority_margin
        if margin is not None and metric.kind in ("proportion", "mean"):
            name = f"{down} at {margin} of harm to {shown(called_by_people(metric, catalogue))}, the margin"
            share = metric.segment_share or 1.0
            yield _line(name, metric, path, margin, catalogue, reached * share, -1)


def _line(
    name: str,
    metric: Metric,
    path: Path,
    change: MetricChange,
    catalogue: MetricCatalogue | None,
    reached: float,
    sign: int,
) -> PricedLine | str:
    try:
        price = price_of(metric, catalogue)
        amount = worth_of_change(price, reached, change, metric, path)
    except Unpriced as reason:
        return reason.lack
    except NotChecked as missing:
        return f"`{pointer(missing.path)}` would say how large {change} is"
    baseline = f" of {_baseline(metric.baseline)}" if change.relative and metric.baseline else ""
    how = f"{in_points(change)}{baseline} {in_people(price, reached)}"
    return PricedLine(name, amount if sign > 0 else -amount, how, metric.name, has_words_for_sign=True)


def _gains_and_margins(plan: Experiment, said: Account) -> tuple[list[float], float]:
    """The gains that the plan states, the least first, and what all priced guardrails cost at their margins; none in several
    currencies."""
    if len({each.amount.currency for each in said.lines}) != 1:
        return [], 0.0
    primaries = {metric.name for _, metric in plan.primaries}
    gains = sorted(abs(each.amount.middle) for each in said.lines if each.metric in primaries)
    return gains, sum(abs(each.amount.middle) for each in said.lines if each.metric not in primaries)


def waiting_in_words(plan: Experiment, said: Account) -> str:
    """ " By the plan alone, to ship today instead would gain $325 to $487 until then if the effect is there, and lose $3.64k if …":
    both, so that neither is quoted alone; empty where one is not known."""
    gains, loss = _gains_and_margins(plan, said)
    if not any(gains) or not loss:
        return ""
    currency = said.lines[0].amount.currency
    return (
        f" By the plan alone, to ship today instead would gain {_from_to(gains, currency)} until then if the effect is there, and lose "
        f"{money(loss, currency)} if every guardrail with a price is worse by its whole margin."
    )


def _from_to(amounts: list[float], currency: str) -> str:
    """ "$325 to $487", the least first."""
    return " to ".join(dict.fromkeys(money(each, currency) for each in (amounts[0], amounts[-1])))


def margins_against_gain(plan: Experiment, said: Account) -> str:
    """How many times the larger gain the priced guardrails cost at their margins; empty where that is no more than it."""
    gains, loss = _gains_and_margins(plan, said)
    if not any(gains) or loss <= gains[-1]:
        return ""
    return (
        f"Guardrails that were all worse by their whole margins would cost {significant(loss / gains[-1], 2)} times the larger gain: neither "
        "is known before the readout, which ships only what rules out harm as large as the margins."
    )


def hoped_for(plan: Experiment) -> str:
    """How often the test finds what is hoped for, where that is less than it is sized to find; empty where it is not."""
    metric = plan.primary_metric
    if metric is None or metric.target is None or metric.mde is None:
        return ""
    try:
        target = signed_size(metric.target, metric, PRIMARY, "target")
        if not 0 < abs(target) < abs(primary_effect(plan)):
            return ""
        power = power_at(plan, target, planned_units(plan))
    except (NotChecked, ArithmeticError, StatisticsInputError):
        return ""
    return (
        f"The {in_points(metric.target)} that is hoped for is less than what the test is sized to find: if it is the true effect, "
        f"the test finds it in {power_text(power)} of cases, if it is no noisier than planned."
    )


def _baseline(baseline: Measure) -> str:
    return of_a_thousand(baseline.value) if baseline.unit in ("share", "") else str(baseline)


def launch_section(plan: Experiment, catalogue: MetricCatalogue | None, *, for_executives: bool) -> Section:
    """What a week of the launch is worth: what waiting a week forgoes, and what it saves."""
    said = stated_account(plan, catalogue, WEEK, None)
    waiting = (
        "Waiting a week forgoes the gain if the change is that good, and saves the loss if it is that bad."
    )
    note = " ".join(filter(None, [BEFORE, waiting, hoped_for(plan), margins_against_gain(plan, said)]))
    return money_section("What a week of the launch is worth", said, note, for_executives=for_executives)


def in_one_breath(said: Account) -> str:
    """ "a week of it gains $505 to $757 if the effect is there, and loses up to $3.41k if a guardrail is harmed by its margin"."""
    currencies = {each.amount.currency for each in said.lines}
    if len(currencies) != 1:
        return ""
    gains = sorted(each.amount.middle for each in said.lines if each.amount.middle > 0)
    losses = [-each.amount.middle for each in said.lines if each.amount.middle < 0]
    (currency,) = currencies
    parts = []
    if gains:
        parts.append(f"gains {_from_to(gains, currency)} if the effect is there")
    if losses:
        parts.append(f"loses up to {money(max(losses), currency)} if a guardrail is harmed by its margin")
    return f"a week of it {' and '.join(parts)}" if parts else ""
