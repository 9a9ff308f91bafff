"""What a launch is worth above today's version, and what waiting for it costs and saves, from the plan's own scenarios."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from egp.advice.choices import GO, NARROWER, WAIT, delay_in_days
from egp.output.page.model import Block, Light, Paragraph, Section, Table, Tone
from egp.pages.brief.assumed import Hurdle, hurdles
from egp.plan.analysis.economics import Traffic, Wait, Worth, delay_of, until, wait
from egp.plan.analysis.money import Amount, treated_at_the_end
from egp.plan.analysis.traffic import ramp_begin
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import called, counted, listing, money, percent, significant, whole
from egp.yaml import pointer

if TYPE_CHECKING:
    from egp.plan.experiment import Economics, Experiment


NO_ECONOMICS = "what the launch is worth is not known, because the plan has no `economics`"
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What an option comes to above today's version until a day, at the least and the best of its scenarios."""

    amount: Amount
    until: date
    parts: tuple[float, ...]
    """Of the amount what comes of each scenario."""

    @property
    def harms_nobody(self) -> bool:
        return min(self.parts) >= 0


@dataclass(frozen=True, slots=True)
class Launch:
    """The arithmetic of launching, complete."""

    economics: Economics
    worth: Worth
    nets: tuple[float, ...]
    expected: float
    weak: tuple[int, ...]
    """Scenarios of a segment that is worth less than the best one."""
    gains: tuple[float, ...]
    """By how much each scenario is worth more than today's version; empty where the plan does not say what that earns."""
    waiting: Wait | None
    """The delay that the plan names as the alternative, where it says enough of it."""
    now: Prospect | None = None
    repaired: Prospect | None = None
    """If all is repaired."""
    narrower: Prospect | None = None
    begins: date | None = None
    """The day from which on the amounts count."""
    hurdles: tuple[Hurdle, ...] = ()

    @property
    def prospects(self) -> dict[str, Prospect | None]:
        """What each option comes to, by its letter."""
        return {GO: self.now, WAIT: self.repaired, NARROWER: self.narrower}

    def traffic(self, letter: str) -> Traffic:
        """Whom an option treats, as its scenarios assume them; of a delay all that is to be repaired."""
        return self.worth.traffic(self.weak if letter == NARROWER else (), is_repaired=letter == WAIT)

    def missed(self, letter: str) -> str:
        """Why an option would not ship by the plan's own rules, as assumed; empty where it would."""
        missed = self._missed(letter)
        return "; and ".join(each.missed_in_words(self.traffic(letter)) for each in missed)

    def _missed(self, letter: str) -> list[Hurdle]:
        if not self.gains:
            return []
        traffic = self.traffic(letter)
        missed = [each for each in self.hurdles if each.is_missed(traffic)]
        return sorted(missed, key=lambda each: not each.rolls_back)

    def would(self, letter: str) -> str:
        """What an option that misses some of those rules would come to: "would be rolled back"."""
        rolls_back = any(each.rolls_back for each in self._missed(letter))
        return "would be rolled back" if rolls_back else "would not ship"

    @property
    def none_ships(self) -> bool:
        """Whether the plan's own rules would stop every option that came out as assumed."""
        return all(self.missed(letter) for letter, each in self.prospects.items() if each)

    @property
    def shares_are_of_traffic(self) -> bool:
        """Whether scenarios are parts of the traffic, and not states of the world of which one will come true."""
        return any(each.segment for each in self.economics.scenarios)

    def share(self, position: int) -> str:
        """ "30 % of impressions", or "30 %" where it is how likely the scenario is."""
        said = percent(self.economics.scenarios[position].probability or 0.0)
        return f"{said} of {self.per}s" if self.shares_are_of_traffic else said

    @property
    def per(self) -> str:
        return called(self.economics.per, "event")

    @property
    def worst(self) -> int:
        return min(range(len(self.nets)), key=self.nets.__getitem__)

    @property
    def best(self) -> int:
        return max(range(len(self.nets)), key=self.nets.__getitem__)

    @property
    def gain(self) -> float | None:
        """Over all scenarios."""
        return self.worth.gain() if self.gains else None

    def name(self, position: int) -> str:
        return called(self.economics.scenarios[position].name, f"scenario {position + 1}")

    def each(self, value: float) -> str:
        """A value of one event: "$0.166"."""
        return money(value, self.worth.currency)

    def more(self, gain: float) -> str:
        """A gain or a loss of one event: "+$0.00697"."""
        return f"{'+' if gain >= 0 else ''}{self.each(gain)}"

    @property
    def tone(self) -> Tone:
        gain = self.gain
        if not self.worth.reaches_floor(self.expected) or (gain is not None and gain <= 0):
            return "bad"
        if gain is None:
            return "neutral"
        is_safe = self.worth.reaches_floor(self.nets[self.worst]) and min(self.gains) >= 0
        return "good" if is_safe else "caution"

    def in_one_sentence(self, *, with_others: bool = True) -> str:
        """What launching now comes to; beside the other options, unless one of them was named before."""
        floor = self.each(self.worth.floor.value)
        if not self.worth.reaches_floor(self.expected):
            return f"launching now is worth {self.each(self.expected)} per {self.per}, below the floor of {floor}"
        gain = self.gain
        if gain is None:
            return f"no amount is on this page: {self.lacks}"
        now = self.now
        until_when = f" until {now.until}" if now else ""
        size = _about(abs(now.amount.middle), now) if now else f"{self.each(abs(gain))} per {self.per}"
        others = self._others if with_others else ""
        if self.missed(GO):
            nor = ", nor would another option ship" if self.none_ships else ""
            return f"launching now {self.would(GO)}, as assumed{nor}: {self._first_missed}"
        if gain <= 0:
            return f"launching now loses {size} against today's version{until_when}{others}"
        return f"launching now gains {size} over today's version{until_when}{others}{self._losers}"

    @property
    def _first_missed(self) -> str:
        return next(each.missed_in_words(self.traffic(GO)) for each in self._missed(GO))

    @property
    def _others(self) -> str:
        """What the other options come to until the same day."""
        named = {WAIT: "repaired first", NARROWER: "without the weak segment"}
        known = [
            (name, each)
            for letter, name in named.items()
            if (each := self.prospects[letter]) and not self.missed(letter)
        ]
        said = [f"{_about(each.amount.middle, each)} {name}" for name, each in known]
        return f", against {listing(said)}" if said else ""

    @property
    def _losers(self) -> str:
        lose = [
            f"{self.name(at)} ({self.share(at)})" if self.shares_are_of_traffic else self.name(at)
            for at, gain in enumerate(self.gains)
            if gain < 0
        ]
        return f"; {listing(lose)} would be worse off than today" if lose else ""

    @property
    def lacks(self) -> str:
        """The line that would make amounts possible."""
        return (
            f"`economics.without_launch` would say what one {self.per} earns with today's version, and every amount is "
            "the difference to it"
        )


def launch_of(plan: Experiment) -> Launch | str:
    """The arithmetic, or why there is none."""
    economics = plan.economics
    if economics is None or not economics.scenarios:
        return NO_ECONOMICS
    try:
        worth = Worth(economics)
        nets, expected = tuple(worth.nets()), worth.expected()
    except NotChecked as missing:
        return (
            f"the value cannot be computed: the plan has nothing to compute with at {pointer(missing.path)}"
        )
    best = max(nets)
    weak = tuple(at for at, each in enumerate(economics.scenarios) if each.segment and nets[at] < best)
    try:
        gains = tuple(worth.gains())
    except NotChecked:
        return Launch(economics, worth, nets, expected, weak, (), None)
    waiting, now, repaired, narrower = _later(plan, worth, economics, weak)
    return Launch(
        economics, worth, nets, expected, weak, gains, waiting, now, repaired, narrower,
        ramp_begin(plan) if now else None, tuple(hurdles(plan)),
    )  # fmt: skip


def _later(
    plan: Experiment, worth: Worth, economics: Economics, weak: tuple[int, ...]
) -> tuple[Wait | None, Prospect | None, Prospect | None, Prospect | None]:
    """What waiting costs, and what comes of launching now, after the repair, and without the weak segments."""
    try:
        waiting = wait(worth, economics.delay, delay_in_days(plan)) if economics.delay else None
    except NotChecked:
        return None, None, None, None
    gains = worth.gains()
    kept = [at for at in range(len(gains)) if at not in weak]
    try:
        now = _prospect(plan, worth, 0.0, gains)
        later = _prospect(plan, worth, waiting.weeks, worth.gains_repaired()) if waiting and now else None
        narrower = _prospect(plan, worth, 0.0, gains, kept) if weak else None
    except NotChecked:
        return waiting, None, None, None
    return waiting, now, later, narrower


def _prospect(
    plan: Experiment, worth: Worth, delay: float, gains: list[float], kept: Collection[int] | None = None
) -> Prospect | None:
    """From the readout to the end of the holdout, on all who are treated in the end.

    The events of the other scenarios stay as they are today, where only some are kept. Raises NotChecked.
    """
    last = plan.holdout.until if plan.holdout else None
    if last is None or plan.economics is None or plan.economics.delay is None:
        return None
    weeks = (last + timedelta(days=1) - ramp_begin(plan)) / _WEEK - delay
    if weeks <= 0:
        return None
    _, per_week = delay_of(plan.economics.delay)
    treated = treated_at_the_end(plan)
    shares = worth.probabilities()
    ours = range(len(gains)) if kept is None else kept
    share = math.fsum(shares[at] for at in ours)
    parts = tuple(
        until(gain * shares[at], per_week, treated, weeks) if at in ours else 0.0
        for at, gain in enumerate(gains)
    )
    low, high = (until(end(gains[at] for at in ours) * share, per_week, treated, weeks) for end in (min, max))
    return Prospect(Amount(low, math.fsum(parts), high, worth.currency), last, parts)


def worth_section(launch: Launch, for_executives: bool, floor_required_at: str = "") -> Section:
    """``floor_required_at`` is the line of the policy that requires the floor."""
    blocks: list[Block] = [_table(launch, for_executives), Paragraph(_arithmetic(launch))]
    if not for_executives:
        blocks.append(Paragraph(_floor_in_words(launch, floor_required_at)))
    if launch.waiting is not None:
        blocks.append(Paragraph(_waiting_in_words(launch, launch.waiting)))
    return Section("What it is worth", blocks)


def _floor_in_words(launch: Launch, required_at: str) -> str:
    said = f"The floor of {launch.each(launch.worth.floor.value)} is the plan's own (`economics.floor`)"
    return (
        f"{said}; that no scenario falls below it is required by the policy ({required_at})."
        if required_at
        else f"{said}."
    )


def expected_section(launch: Launch, for_executives: bool) -> Section:
    """The same once the treatment is out: what was expected changes no verdict, and there is no launch to put off."""
    title = "What it was expected to be worth, before any result"
    return Section(title, [_table(launch, for_executives), Paragraph(_arithmetic(launch))], folded=True)


def _table(launch: Launch, for_executives: bool) -> Table:
    rows: list[list[str | Light]] = []
    for at, scenario in enumerate(launch.economics.scenarios):
        p_success = scenario.p_success or 0.0
        rate = percent(p_success) if for_executives else _rate(p_success)
        gain = launch.gains[at] if launch.gains else None
        rows.append(
            [
                _case(launch, at), launch.name(at), percent(scenario.probability or 0.0), rate,
                *_values(launch, launch.nets[at], gain),
            ]
        )  # fmt: skip
    share, by = (
        (f"share of {launch.per}s", "share") if launch.shares_are_of_traffic else ("how likely", "how likely")
    )
    rows.append(["all", f"weighted by {by}", "100 %", "", *_values(launch, launch.expected, launch.gain)])
    head = ["case", "scenario", share, "succeeds", f"per {launch.per}"]
    against = ["against today"] if launch.gains else []
    floor = launch.each(launch.worth.floor.value)
    return Table(
        [*head, *against, f"floor {floor}"], rows, numeric=frozenset({2, 3, 4, 5} if against else {2, 3, 4})
    )


def _values(launch: Launch, value: float, gain: float | None) -> Iterator[str | Light]:
    yield launch.each(value)
    if gain is not None:
        yield launch.more(gain)
    yield Light("good", "above") if launch.worth.reaches_floor(value) else Light("bad", "below")


def _rate(p_success: float) -> str:
    """0.40, 0.34, 0.345."""
    return f"{p_success:.2f}" if round(p_success, 2) == p_success else significant(p_success, 4)


def _case(launch: Launch, at: int) -> str:
    if launch.nets[at] == launch.nets[launch.worst]:
        return "worst" if launch.nets[launch.worst] < launch.nets[launch.best] else "only"
    return "best" if launch.nets[at] == launch.nets[launch.best] else "between"


def _arithmetic(launch: Launch) -> str:
    worth = launch.worth
    success, error, unit = (launch.each(each) for each in (worth.success, worth.error, worth.unit))
    said = (
        f"A success gains {success}, an error costs {error}, and running one {launch.per} costs "
        f"{unit if worth.unit else 'nothing'}; each value is what is gained less both costs. "
    )
    if not launch.gains:
        return f"{said}Whether that is more than today's version earns is not known, so that no amount is printed: {launch.lacks}."
    today = ", ".join(f"{launch.each(worth.today(at))} ({launch.name(at)})" for at in range(len(launch.nets)))
    said = f"{said}Today's version earns {today}; every amount below is the difference to it."
    return f"{said}{_span_in_words(launch)}"


def _span_in_words(launch: Launch) -> str:
    """From when until when the amounts count, and of how much traffic."""
    if launch.now is None or launch.begins is None:
        return ""
    return (
        f" Amounts until {launch.now.until}, the end of the holdout, count from the readout on, as if the last stage of the ramp "
        f"began on {launch.begins}, or so much later as an option begins."
    )


def _waiting_in_words(launch: Launch, waiting: Wait) -> str:
    days = counted(round(waiting.weeks * 7), "day")
    stated = launch.economics.delay.weeks if launch.economics.delay else None
    weeks = (
        f", the {counted(stated, 'week')} of the plan's `economics.delay` in whole days," if stated else ""
    )
    said = f"Waiting {days}{weeks} forgoes {launch.each(waiting.forgone)} where the launch gains, and saves {launch.each(waiting.saved)} where it loses"
    if waiting.cost <= 0:
        return f"{said}: it costs nothing to wait."
    said = f"{said}: it costs {launch.each(waiting.cost)}, if all traffic were treated from the first day"
    if waiting.pays_back_after is None:
        return f"{said}; no scenario falls behind the best one, so that a repair has nothing to win back."
    days = counted(math.ceil(waiting.pays_back_after * 7), "day")
    return f"{said}. A repair that lifts every scenario to the best one wins that back in {days}."


def _comes_to(launch: Launch, prospect: Prospect | None) -> str:
    """ "$51.6k until 2023-12-15 ($170k from base, -$120k from new users; -$410k if all were as in the worst scenario, …)"; empty
    where it is not known."""
    if prospect is None:
        return ""
    amount = prospect.amount
    said = f"{_about(amount.middle, prospect)} until {prospect.until}"
    parts = f"{_parts_in_words(launch, prospect)}; " if launch.shares_are_of_traffic else ""
    if amount.low == amount.high:
        return f"{said}, {parts}".rstrip("; ,")
    low, high = (money(each, amount.currency, 2) for each in (amount.low, amount.high))
    return f"{said} ({parts}{low} if all were as in the worst scenario, {high} as in the best)"


def _about(amount: float, prospect: Prospect) -> str:
    """Two digits: nobody knows offline what an event will earn to a third."""
    return money(amount, prospect.amount.currency, 2)


def _parts_in_words(launch: Launch, prospect: Prospect) -> str:
    """ "$150k from base and -$123k from new users": what adds up to the amount, as it is written."""
    parts = {launch.name(at): part for at, part in enumerate(prospect.parts) if part}
    if len(parts) == 1:
        return f"all of it from {next(iter(parts))}"
    return listing(f"{money(part, prospect.amount.currency)} from {name}" for name, part in parts.items())


def now_in_words(launch: Launch) -> str:
    gain = launch.gain
    if gain is None:
        return f"not known: {launch.lacks}"
    return _if_it_ships(launch, GO, f"{launch.more(gain)} per {launch.per} against today", launch.now)


def _if_it_ships(launch: Launch, letter: str, otherwise: str, prospect: Prospect | None) -> str:
    said = _comes_to(launch, prospect) or otherwise
    if launch.missed(letter):
        return f"as assumed it {launch.would(letter)}; else {said}"
    return f"{said}; as assumed it would ship" if launch.hurdles else said


def narrower_in_words(launch: Launch) -> str:
    """What a launch without the weak segments is worth; empty where no scenario is about one."""
    if not launch.weak or not launch.gains:
        return ""
    named = listing(
        f"{shown(launch.economics.scenarios[at].segment)} ({launch.share(at)})" for at in launch.weak
    )
    gain = launch.more(launch.worth.gain_without(launch.weak))
    value = _if_it_ships(launch, NARROWER, f"{gain} per {launch.per} against today", launch.narrower)
    return f"{value}; {named} stays as today"


def delayed_in_words(launch: Launch, waiting: Wait) -> str:
    """What a later launch is worth if its repair succeeds in full, and if it fails, and from which part on it pays."""
    repaired = launch.more(launch.worth.gain_repaired())
    if (later := launch.repaired) is None:
        return f"{repaired} per {launch.per} against today if all is repaired"
    said = f"{_about(later.amount.middle, later)} until {later.until} if all is repaired"
    if launch.missed(WAIT):
        said = f"{said}; even repaired it {launch.would(WAIT)}"
    elif launch.missed(GO) and (share := repair_that_pays(launch)):
        said = f"{said}; with less than {whole(share * 100)} % of the repair it is not worth the wait, or would not ship"
    elif not launch.missed(GO):
        said = f"{said}; {_about(unrepaired(launch, later), later)} if nothing is"
    return f"{said}; waiting costs nothing" if waiting.cost <= 0 else said


def unrepaired(launch: Launch, later: Prospect) -> float:
    """What the later launch comes to if nothing is repaired."""
    return launch.worth.gain() / launch.worth.gain_repaired() * later.amount.middle


def repaired_in_part(launch: Launch, share: float) -> float | None:
    """What the later launch comes to if so much is repaired: each scenario gains in proportion."""
    if (later := launch.repaired) is None:
        return None
    nothing = unrepaired(launch, later)
    return nothing + share * (later.amount.middle - nothing)


def repair_that_pays(launch: Launch) -> float | None:
    """The share of the repair from which on the later launch comes to more than one now and than a narrower one, leaves nobody
    worse off than today, and clears the plan's own rules; None where no repair does all of it."""
    later, now = launch.repaired, launch.now
    if later is None or now is None:
        return None
    as_it_is, full = launch.worth.traffic(), launch.traffic(WAIT)
    others = [each.amount.middle for each in (now, launch.narrower) if each]
    lengths = [(unrepaired(launch, later), later.amount.middle, max(others))]
    lengths += [
        (gain, best, 0.0) for gain, best in zip(launch.gains, launch.worth.gains_repaired(), strict=True)
    ]
    lengths += [
        (start, end, each.least)
        for each in launch.hurdles
        if (start := each.reached(as_it_is)) is not None and (end := each.reached(full)) is not None
    ]
    shares = [_share_of_the_way(*each) for each in lengths]
    return None if None in shares else max(each or 0.0 for each in shares)


def _share_of_the_way(start: float, end: float, wanted: float) -> float | None:
    """How much of the way from the start to the end brings what is wanted; None where not even all of it does.

    All that a scenario comes to grows in proportion with the share of its repair.
    """
    if start >= wanted:
        return 0.0
    return (wanted - start) / (end - start) if end >= wanted else None
