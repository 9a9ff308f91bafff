"""Gain, harm and net of the same people: of the stage so far, and of what is to come where the treatment goes on, or of a
further week where the gate says roll back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from egp.gate.amounts import unit_of
from egp.gate.settings import guardrail_alpha
from egp.output.page.model import Block, Paragraph, Points, Section, Table
from egp.pages.brief.priced import PricedLine, in_people, of_a_thousand
from egp.plan.analysis.money import Unpriced, called_by_people, price_of, total, worth_of_effect
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import listing, percent
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.pages.brief.result import PrimaryResult
    from egp.pages.brief.scene import Scene


class Period(NamedTuple):
    """People of whom gain, harm and net are said."""

    name: str
    """ "stage 90% so far", "from 2023-02-07 to 2023-05-10"."""
    people: int
    anew: str = ""
    """How often who comes back counts: ", counted anew every 14 days"."""
    counted: str = ""
    """How they are counted, where they are a forecast."""

    @property
    def lies_ahead(self) -> bool:
        """Whether its people are a forecast."""
        return bool(self.counted)

    @property
    def in_words(self) -> str:
        return f"{self.name}: {self.people:,} people{self.anew}"


class Balance(NamedTuple):
    """What a period comes to for the people who are treated in it."""

    period: Period
    harms: tuple[PricedLine, ...]
    gain: PricedLine | None
    net: PricedLine | None

    @property
    def shows(self) -> str:
        """What the net shows; empty where there is none."""
        if self.net is None:
            return ""
        if self.net.amount.low > 0:
            return "a net gain is shown"
        return (
            "a net loss is shown"
            if self.net.amount.high < 0
            else "neither a net gain nor a net loss is shown"
        )

    @property
    def in_words(self) -> str:
        """ "The metric alone is worth $13k (…) from …; less Refunds as measured it is $210 (…): neither a net gain …"."""
        assert self.gain is not None
        alone = f"The metric alone is worth {self.gain.amount}, {self.period.name}"
        if waits := listing(each.of for each in self.harms if each.is_partial):
            return f"{alone}; the net is not known before outcomes of {waits} are complete"
        if self.net is None:
            return f"{alone}; no guardrail has a price in the same currency, so that the net is not known"
        names = listing(each.of for each in self.harms)
        return f"{alone}; with {names} as measured the net is {self.net.amount}: {self.shows}"

    @property
    def lines(self) -> tuple[PricedLine, ...]:
        return (*self.harms, *(each for each in (self.gain, self.net) if each is not None))


def balance(
    scene: Scene, readout: Readout, result: PrimaryResult | None, period: Period, harms: Sequence[PricedLine]
) -> Balance:
    """Of the people of a period what is lost by the harms, gained by the result, which holds for a person, and left.

    Every priced guardrail is in it as it was measured, whether or not that is clear of noise. One of a part of the traffic is in
    the one of all of it, and not counted twice. Before the outcomes of each are complete there is no net.
    """
    of_parts = {metric.name for _, metric in scene.plan.guardrails if metric.segment}
    whole = [each for each in harms if each.metric not in of_parts]
    gain = None
    if result is not None:
        with suppress(NotChecked, Unpriced):
            gain = gain_line(scene, readout, result, period)
    is_whole = bool(whole) and not any(each.is_partial for each in whole)
    net = _net(gain, whole, period) if gain is not None and is_whole else None
    return Balance(period, tuple(harms), gain, net)


def gain_line(scene: Scene, readout: Readout, result: PrimaryResult, period: Period) -> PricedLine:
    """What the result gains those people, its range at the level of the guardrails. Raises Unpriced; NotChecked without that level."""
    price = price_of(result.metric, scene.policy.metrics)
    found = result.corrected(2 * guardrail_alpha(readout))
    amount = worth_of_effect(price, period.people, found.low, found.estimate, found.high)
    name = shown(called_by_people(result.metric, scene.policy.metrics))
    counted = f" ({period.counted})" if period.counted else ""
    sign = 1 if result.rises else -1
    how = f"{_each(result, sign * found.estimate)} {in_people(price, period.people)}{counted}"
    return PricedLine(f"{name}, {period.name}", amount, how, result.metric.name, of=name)


def _each(result: PrimaryResult, estimate: float) -> str:
    """Of a person, in as many digits as the amount needs: "5.83 per 1,000 people"."""
    return of_a_thousand(estimate) if unit_of(result.metric) in ("share", "") else result.worded(estimate)


def _net(gain: PricedLine, harms: Sequence[PricedLine], period: Period) -> PricedLine | None:
    """The gain and the harms, which are of the same people."""
    if any(each.amount.currency != gain.amount.currency for each in harms):
        return None
    amount = total([*(each.amount for each in harms), gain.amount])
    how = f"of the same {period.people:,} people"
    return PricedLine(f"net, {period.name}", amount, how, of="net")


def balance_section(
    title: str, balances: Sequence[Balance], lacks: Sequence[str], readout: Readout, *, going_wrong: bool, goes_on: bool,
    for_executives: bool, of_waiting: str = "",
) -> Section:  # fmt: skip
    """One table: what is lost and gained in the rows, the people in the columns. ``of_waiting`` is what waiting longer costs."""
    notes = _notes(balances, readout, going_wrong=going_wrong, goes_on=goes_on)
    blocks: list[Block] = [_table(balances), Paragraph(" ".join(filter(None, (*notes, of_waiting))))]
    if lacks:
        blocks += [Paragraph("More amounts are possible:"), Points(lacks)]
    if not for_executives:
        how = [[line.name, line.how] for each in balances for line in each.lines]
        blocks.append(Section("How the amounts are computed", [Table(["amount", "is"], how)], folded=True))
    return Section(title, blocks)


_WITHOUT_NET = (
    "A net gain is no condition of going on: the rule that was agreed before the result requires the metric, and guardrails within "
    "their margins. Who disagrees goes on record with a dissent."
)


def _table(balances: Sequence[Balance]) -> Table:
    names = dict.fromkeys(line.metric for each in balances for line in each.harms)
    rows = [_row([_harm_of(each, name) for each in balances]) for name in names]
    if any(each.gain for each in balances):
        rows.append(_row([each.gain for each in balances]))
    has_net = any(each.net for each in balances)
    if has_net:
        _, *cells = _row([each.net for each in balances])
        rows.append(["net: the sum", *(cell or "not known yet" for cell in cells)])
    head = ["what", *(each.period.in_words for each in balances)]
    marked = frozenset({len(rows) - 1}) if has_net else frozenset[int]()
    return Table(head, rows, numeric=frozenset(range(1, len(head))), marked=marked)


def _row(lines: Sequence[PricedLine | None]) -> list[str]:
    return [next(line.of for line in lines if line), *map(_cell, lines)]


def _harm_of(each: Balance, metric: str) -> PricedLine | None:
    return next((line for line in each.harms if line.metric == metric), None)


def _cell(line: PricedLine | None) -> str:
    if line is None:
        return ""
    return f"{line.amount}, {line.events}" if line.events else f"{line.amount}"


def _notes(
    balances: Sequence[Balance], readout: Readout, *, going_wrong: bool, goes_on: bool
) -> Iterator[str]:
    if going_wrong and len(balances) > 1:
        yield (
            "The stage counts each person once, a week everybody who came in it, so that weeks add up to more."
        )
    level = percent(1 - 2 * guardrail_alpha(readout))
    yield f"Below zero is a loss against today's version; ranges hold in {level} of cases, as for guardrails."
    if waits := dict.fromkeys(line.of for each in balances for line in each.harms if line.is_partial):
        so_far = "" if going_wrong else ", so that it has no net yet"
        yield f"Outcomes of {listing(waits)} are still coming in for everybody in the stage{so_far}."
    if going_wrong:
        yield from _of_a_wrong_call(balances)
        return
    yield _as_measured(balances)
    if goes_on and any(each.net and each.net.amount.low <= 0 for each in balances):
        if all(line.amount.high > 0 for each in balances for line in each.harms):
            yield "What makes the net uncertain is harm that is not shown: the ramp measures it on more people, under its stop rules."
        yield _WITHOUT_NET


def _as_measured(balances: Sequence[Balance]) -> str:
    """Where gain and harm are from; of the days to come the harm is that of a look that was planned."""
    ahead = {each.period.lies_ahead for each in balances}
    where = "the readout" if ahead == {True} else "the stage"
    if len(ahead) > 1:
        where = "the stage, and for the days to come the readout, as a stage goes on only while it looks harmless,"
    return (
        f"The gain is the readout's, corrected for being shown because it passed. The harm is what {where} measured of people whose "
        "outcomes are complete, clear of noise or not. Of the net both ends are sums, too, for how gain and harm go together is not known."
    )


def _of_a_wrong_call(balances: Sequence[Balance]) -> Iterator[str]:
    if not any(each.gain for each in balances):
        yield "What the treatment gains is not known before its result is read."
        return
    yield (
        "The harm is every priced guardrail as measured, uncorrected for having fired, of a week the last one whose outcomes are complete; the ends of several add up. "
        "The gain is the readout's, in full for all treated, in each week anew."
    )
    if len(balances) > 1:
        yield (
            "A wrong call costs, each week: the harm of what has fired, if the treatment goes on and the harm is real; the gain, if it "
            "is rolled back and the harm was chance. No net is printed, for none would decide: harm withdraws the treatment."
        )
