"""What a launch is worth, and what waiting for it costs, from the plan's own scenarios."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp.output.page.model import Block, Light, Paragraph, Section, Table, Tone
from egp.plan.analysis.economics import Wait, Worth, wait
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import called, counted, listing, percent, significant
from egp.yaml import pointer

if TYPE_CHECKING:
    from egp.plan.experiment import Economics, Experiment


NO_ECONOMICS = "what the launch is worth is not known, because the plan has no `economics`"


@dataclass(frozen=True, slots=True)
class Launch:
    """The arithmetic of launching, complete."""

    economics: Economics
    worth: Worth
    nets: tuple[float, ...]
    expected: float
    weak: tuple[int, ...]
    """Scenarios of a segment that is worth less than the best one."""
    waiting: Wait | None
    """The delay that the plan names as the alternative, where it says enough of it."""

    @property
    def per(self) -> str:
        return called(self.economics.per, "event")

    @property
    def worst(self) -> int:
        return min(range(len(self.nets)), key=self.nets.__getitem__)

    @property
    def best(self) -> int:
        return max(range(len(self.nets)), key=self.nets.__getitem__)

    def name(self, position: int) -> str:
        return called(self.economics.scenarios[position].name, f"scenario {position + 1}")

    def each(self, value: float) -> str:
        """A value of one event: "0.166 USD"."""
        return f"{significant(value, 3)} {self.worth.currency}"

    def total(self, value: float) -> str:
        """An amount that many events come to: "746,000 USD"."""
        digits = 0 if not value else 2 - math.floor(math.log10(abs(value)))
        return f"{round(value, digits):,.0f} {self.worth.currency}"

    @property
    def tone(self) -> Tone:
        if not self.worth.reaches_floor(self.expected):
            return "bad"
        return "good" if self.worth.reaches_floor(self.nets[self.worst]) else "caution"

    @property
    def in_one_sentence(self) -> str:
        floor = shown(self.worth.floor.text)
        over_all = "above" if self.worth.reaches_floor(self.expected) else "below"
        worst = "above it, too" if self.worth.reaches_floor(self.nets[self.worst]) else "below it"
        if over_all == "below":
            worst = "below it, too" if worst == "below it" else "above it"
        return (
            f"launching now is worth {self.each(self.expected)} per {self.per} over all scenarios, {over_all} the "
            f"floor of {floor}; the worst one, {self.name(self.worst)}, is worth "
            f"{self.each(self.nets[self.worst])}, {worst}"
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
    return Launch(economics, worth, nets, expected, weak, _waiting(worth, economics))


def _waiting(worth: Worth, economics: Economics) -> Wait | None:
    try:
        return wait(worth, economics.delay) if economics.delay else None
    except NotChecked:
        return None


def worth_section(launch: Launch, for_executives: bool) -> Section:
    blocks: list[Block] = [_table(launch, for_executives), _arithmetic(launch)]
    if launch.waiting is not None:
        blocks.append(Paragraph(_waiting_in_words(launch, launch.waiting)))
    return Section("What it is worth", blocks)


def expected_section(launch: Launch, for_executives: bool) -> Section:
    """The same once the treatment is out: what was expected changes no verdict, and there is no launch to put off."""
    title = "What it was expected to be worth, before any result"
    return Section(title, [_table(launch, for_executives), _arithmetic(launch)], folded=True)


def _table(launch: Launch, for_executives: bool) -> Table:
    per = f"value per {launch.per}"
    rows: list[list[str | Light]] = []
    for at, scenario in enumerate(launch.economics.scenarios):
        p_success = scenario.p_success or 0.0
        rate = percent(p_success) if for_executives else _rate(p_success)
        chance = percent(scenario.probability or 0.0)
        value = launch.nets[at]
        rows.append(
            [_case(launch, at), launch.name(at), chance, rate, launch.each(value), _light(launch, value)]
        )
    expected = launch.expected
    rows.append(
        ["all", "weighted by how likely", "100 %", "", launch.each(expected), _light(launch, expected)]
    )
    return Table(
        ["case", "scenario", "how likely", "succeeds", per, f"floor {shown(launch.worth.floor.text)}"],
        rows,
        numeric=frozenset({2, 3, 4}),
    )


def _rate(p_success: float) -> str:
    """0.40, 0.34, 0.345."""
    return f"{p_success:.2f}" if round(p_success, 2) == p_success else significant(p_success, 4)


def _case(launch: Launch, at: int) -> str:
    if launch.nets[at] == launch.nets[launch.worst]:
        return "worst" if launch.nets[launch.worst] < launch.nets[launch.best] else "only"
    return "best" if launch.nets[at] == launch.nets[launch.best] else "between"


def _light(launch: Launch, value: float) -> Light:
    return Light("good", "above") if launch.worth.reaches_floor(value) else Light("bad", "below")


def _arithmetic(launch: Launch) -> Paragraph:
    worth = launch.worth
    gain, error, unit = (launch.each(each) for each in (worth.gain, worth.error, worth.unit))
    return Paragraph(
        f"A success gains {gain}, an error costs {error}, and running one {launch.per} costs "
        f"{unit if worth.unit else 'nothing'}; each value is what is gained less both costs. "
        f"What the {launch.per} earns without the launch is not known to the plan and is not taken off."
    )


def _waiting_in_words(launch: Launch, waiting: Wait) -> str:
    weeks = counted(waiting.weeks, "week")
    if waiting.cost <= 0:
        return f"Waiting {weeks} costs nothing: what would be launched now loses money."
    said = (
        f"Waiting {weeks} forgoes at most {launch.total(waiting.cost)}: "
        "as if all traffic were treated from the first day, and earned nothing without the launch"
    )
    if waiting.pays_back_after is None:
        return f"{said}; no scenario falls behind the best one, so that a repair has nothing to win back."
    later = counted(math.ceil(waiting.pays_back_after), "week")
    return f"{said}. A repair that lifts every scenario to the best one wins that back in about {later}."


def narrower_in_words(launch: Launch) -> str:
    """What a launch without the weak segments is worth; empty where no scenario is about one."""
    if not launch.weak:
        return ""
    named = listing(
        f"{shown(scenario.segment)} ({percent(scenario.probability or 0.0)})"
        for scenario in (launch.economics.scenarios[at] for at in launch.weak)
    )
    value = launch.each(launch.worth.without(launch.weak))
    return f"{value} per {launch.per}: nothing is counted for {named}, left as today"


def delayed_in_words(launch: Launch, waiting: Wait) -> str:
    """What a later launch is worth if its repair succeeds in full, and what waiting for it costs."""
    best = f"{launch.each(launch.nets[launch.best])} per {launch.per} if all is repaired"
    if waiting.cost <= 0:
        return f"{best}; waiting costs nothing"
    return f"{best}; forgoes at most {launch.total(waiting.cost)}"
