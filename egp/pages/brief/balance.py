"""Gain, harm and net of the same people: of the stage so far, and of what is to come where the treatment goes on, or of a
further week where the gate says roll back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.settings import guardrail_alpha
from egp.output.page.model import Block, Paragraph, Points, Section, Table
from egp.pages.brief.priced import PricedLine, in_people
from egp.plan.analysis.money import Amount, Unpriced, called_by_people, price_of, worth_of_effect
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
    people: int
    counted: str
    """How they are counted, where they are a forecast."""

    @property
    def lies_ahead(self) -> bool:
        """Whether its people are a forecast."""
        return bool(self.counted)


class Balance(NamedTuple):
    """What a period comes to for the people who are treated in it."""

    period: str
    """ "stage 90% so far", "from 2023-02-07 to 2023-05-10"."""
    people: int
    harms: tuple[PricedLine, ...]
    gain: PricedLine | None
    net: PricedLine | None

    @property
    def in_words(self) -> str:
        """ "The metric alone is worth $13k, …; with refunds as measured from -$36k to $37k: no net gain is shown"."""
        assert self.gain is not None
        alone = f"The metric alone is worth {self.gain.amount}, {self.period}"
        if self.net is None:
            return f"{alone}; no guardrail has a price, so that the net is not known"
        shows = (
            "a net gain"
            if self.net.amount.low > 0
            else "a net loss"
            if self.net.amount.high < 0
            else "no net gain"
        )
        names = listing(each.of for each in self.harms)
        return f"{alone}; with {names} as measured {self.net.amount}: {shows} is shown"

    @property
    def lines(self) -> tuple[PricedLine, ...]:
        return (*self.harms, *(each for each in (self.gain, self.net) if each is not None))


def balance(
    scene: Scene,
    readout: Readout,
    result: PrimaryResult | None,
    period: str,
    people: int,
    harms: Sequence[PricedLine],
) -> Balance:
    """Of the people of a period, what is lost by the harms and gained by the result, which holds for a person."""
    gain = None
    if result is not None:
        with suppress(Unpriced):
            gain = gain_line(scene, readout, result, people, period)
    net = _net(gain, harms, people, period) if gain is not None and harms else None
    return Balance(period, people, tuple(harms), gain, net)


def as_measured(
    scene: Scene, readout: Readout, result: PrimaryResult, period: Period, harms: Sequence[PricedLine]
) -> Balance:
    """The same where the treatment goes on: every priced guardrail as it was measured, whether or not that is clear of noise.

    A guardrail of a part of the traffic is in the one of all of it.
    """
    of_parts = {metric.name for _, metric in scene.plan.guardrails if metric.segment}
    whole = [each for each in harms if each.metric not in of_parts]
    found = balance(scene, readout, result, period.name, period.people, whole)
    if found.gain is None or not period.counted:
        return found
    return found._replace(gain=found.gain._replace(how=f"{found.gain.how} ({period.counted})"))


def gain_line(
    scene: Scene, readout: Readout, result: PrimaryResult, people: float, period: str
) -> PricedLine:
    """What the result gains those people, its range at the level of the guardrails. Raises Unpriced."""
    price = price_of(result.metric, scene.policy.metrics)
    found = result.corrected(2 * guardrail_alpha(readout))
    amount = worth_of_effect(price, people, found.low, found.estimate, found.high)
    name = shown(called_by_people(result.metric, scene.policy.metrics))
    how = f"{result.worded(found.estimate)} {in_people(price, people)}"
    return PricedLine(f"{name}, {period}", amount, how, result.metric.name, of=name)


def _net(gain: PricedLine, harms: Sequence[PricedLine], people: int, period: str) -> PricedLine | None:
    """The gain less the harms, which are of the same people. The ends of several harms add up: how they go together is not known."""
    if any(each.amount.currency != gain.amount.currency for each in harms):
        return None
    ends = zip(*(each.amount[:3] for each in harms), strict=True)
    lost = [-sum(end) for end in ends]
    left = stats.ranged_difference(stats.Ranged(*gain.amount[:3]), stats.Ranged(lost[2], lost[1], lost[0]))
    amount = Amount(left.low, left.estimate, left.high, gain.amount.currency)
    return PricedLine(
        f"gain less harm, {period}", amount, f"of the same {people:,} people", of="gain less harm"
    )


def balance_section(
    title: str, balances: Sequence[Balance], lacks: Sequence[str], left_out: Sequence[str], readout: Readout,
    *, going_wrong: bool, for_executives: bool,
) -> Section:  # fmt: skip
    """One table: what is lost and gained in the rows, the people in the columns."""
    blocks: list[Block] = [
        _table(balances),
        Paragraph(" ".join(_notes(balances, left_out, readout, going_wrong))),
    ]
    if lacks:
        blocks += [Paragraph("More amounts are possible:"), Points(lacks)]
    if not for_executives:
        how = [[line.name, line.how] for each in balances for line in each.lines]
        blocks.append(Section("How the amounts are computed", [Table(["amount", "is"], how)], folded=True))
    return Section(title, blocks)


_AS_MEASURED = (
    "The gain is that of the readout, corrected for being shown because it passed. The harm is what was measured, "
    "clear of noise or not: in the stage for the stage, where late outcomes are still missing, and at the readout for the "
    "days to come. The ends of several harms add up."
)


def _table(balances: Sequence[Balance]) -> Table:
    names = dict.fromkeys(line.metric for each in balances for line in each.harms)
    rows = [_row("harm", [_harm_of(each, name) for each in balances]) for name in names]
    if any(each.gain for each in balances):
        rows.append(_row("gain", [each.gain for each in balances]))
    has_net = any(each.net for each in balances)
    if has_net:
        rows.append(_row("net", [each.net for each in balances]))
    head = ["what", *(f"{each.period}: {each.people:,} people" for each in balances)]
    marked = frozenset({len(rows) - 1}) if has_net else frozenset[int]()
    return Table(head, rows, numeric=frozenset(range(1, len(head))), marked=marked)


def _row(kind: str, lines: Sequence[PricedLine | None]) -> list[str]:
    of = next(line.of for line in lines if line)
    return [f"{kind}: {of}", *map(_cell, lines)]


def _harm_of(each: Balance, metric: str) -> PricedLine | None:
    return next((line for line in each.harms if line.metric == metric), None)


def _cell(line: PricedLine | None) -> str:
    if line is None:
        return ""
    return f"{line.amount}, {line.events}" if line.events else f"{line.amount}"


def _notes(
    balances: Sequence[Balance], left_out: Sequence[str], readout: Readout, going_wrong: bool
) -> Iterator[str]:
    level = percent(1 - 2 * guardrail_alpha(readout))
    if going_wrong and len(balances) > 1:
        yield (
            "The stage counts each person once, with what came within the outcome window; a week counts everybody who came in "
            "it, so that weeks add up to more. The last week is the one that the rule fired on: the next may be milder."
        )
    yield f"Below zero is a loss against today's version; each column is of the same people, and each range holds in {level} of cases."
    if left_out:
        yield f"No amount is given, and none is in the net, where the {level} range of the harm holds zero: {listing(left_out)}."
    if any(each.gain for each in balances) and not going_wrong:
        yield _AS_MEASURED
    elif any(each.net for each in balances):
        yield (
            "The gain is counted generously: that of the readout, over the days of the test, in full for everybody treated, "
            "in each week anew."
        )
        yield (
            "A wrong call costs, each week: the net, if the treatment goes on and the harm is real; the gain, if it is rolled "
            "back and the harm was chance."
        )
    else:
        yield "What the treatment gains is not known before its result is read, so that no net is printed."
