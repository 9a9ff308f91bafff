"""A number that somebody saw before the look: what changes show on that day that do nothing, and that work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp.advice.options.case import CaseError
from egp.output.page.model import Block, Paragraph, Section, Table, pictured
from egp.plan.analysis.by_day import weekdays_seen
from egp.plan.analysis.early_wins import SeenNumber, false_among, seen_number
from egp.plan.analysis.registered import PRIMARY, baseline_of, is_change_of, primary_at
from egp.plan.picture import Interval, Intervals, Level, Mark, Picture
from egp.plan.quantity import shown
from egp.plan.wording import counted, day_in_words, like, one_in, percent, significant, whole

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.pages.memo.stop import EarlyStop
    from egp.plan.experiment import Metric
    from egp.plan.quantity import MetricChange

USUAL_WIN_RATE = 0.1
"""Where the policy does not adopt the rule that has the option."""
_PLAUSIBLE = 0.05
"""Share of false wins below which chance is no longer the argument."""
_IN_RANGE = 1.959964
"""Standard errors between which 95 of 100 estimates lie."""
_LEAST = 0.005
_CHANGES = 1000
_RARE, _NEARLY_ALL = 1e-6, 0.99
_TOO_GOOD = 1.5
"""Times the MDE from which on a number is doubted as such (Twyman's law)."""


@dataclass(frozen=True, slots=True)
class SeenEffect:
    """The number as it was said, and what it is worth."""

    said: MetricChange
    metric: Metric
    worth: SeenNumber
    win_rate: float
    at_the_look: tuple[float, float]
    """P(a win at the one look) of a change that does nothing, and of one that lifts by the MDE."""

    @property
    def false_share(self) -> float:
        """Of wins at least like this one, found by looking daily."""
        return false_among(self.worth.if_nothing, self.worth.if_mde, self.win_rate)

    def verdict(self, stop: EarlyStop) -> str:
        worth, said, read = self.worth, self.text, day_in_words(stop.read_on, with_year=True)
        away = f"The look is {counted(stop.days_to_go, 'day')} away, on {read}."
        if worth.size <= 0:
            return f"{said} by {stop.day} is no win. {away}"
        if not worth.is_win:
            share = one_in(worth.if_nothing)
            return f"{said} by {stop.day} is noise: {share} changes that do nothing show as much on some day until then. {away}"
        if self.false_share >= _PLAUSIBLE:
            early, late = self._false_of_all
            return (
                f"Not on {stop.day}: where {one_in(self.win_rate)} changes work, {percent(early, 0)} of the wins that are found by looking "
                f"daily are false, and {percent(late, 0)} of those at the one look. {away}"
            )
        return f"Not on {stop.day}: {self._beyond_chance(stop)} {away}"

    @property
    def _false_of_all(self) -> tuple[float, float]:
        """The share of wins that are false, of any size: by looking daily until then, and at the one look."""
        return (
            false_among(self.worth.false_wins, self.worth.true_wins, self.win_rate),
            false_among(*self.at_the_look, self.win_rate),
        )

    @property
    def text(self) -> str:
        text = str(self.said)
        return text if text[:1] in "+-" else f"+{text}"

    def _beyond_chance(self, stop: EarlyStop) -> str:
        """What speaks against a number that chance does not explain."""
        days = weekdays_seen(stop.then.weekdays)
        short = min(stop.then.weekdays) < 2
        new = (
            f"{days[:1].upper()}{days[1:]}."
            if short
            else "Nobody knows yet what of it is excitement about something new."
        )
        times = self.worth.size / self.worth.mde
        if times >= _TOO_GOOD:
            return f"{self.text} is {significant(times, 2)} times what the plan looks for, which is more often a fault in the counting than a truth. {new}"
        return f"{self.text} comes from days that decide nothing yet. {new}"

    def section(self, stop: EarlyStop) -> Section:
        return Section(f"What {self.text} by {stop.day} is worth", list(self._blocks(stop)))

    def _blocks(self, stop: EarlyStop) -> Iterator[Block]:
        worth = self.worth
        yield pictured(self._picture(stop))
        head = ("", "it does nothing", f"it {self._moves} by the MDE, {self.metric.mde}")
        rows = [
            (
                f"it shows as clear a number on some day until {stop.day}",
                _chance(worth.if_nothing),
                _chance(worth.if_mde),
            ),
            (
                f"a win on {stop.day} shows, on average",
                self._sized(worth.win_if_nothing),
                self._sized(worth.win_if_mde),
            ),
        ]
        yield Table(head, rows, "If the truth of a change is that")
        yield Paragraph(self._of_a_thousand(stop))

    def _of_a_thousand(self, stop: EarlyStop) -> str:
        works = self.win_rate * _CHANGES
        early = self._counts(self.worth.false_wins, self.worth.true_wins)
        once = self._counts(*self.at_the_look)
        return (
            f"Of {_CHANGES:,} changes of which {whole(works)} work, stopping at the first good day until {stop.day} launches {early}. The "
            f"one look on {day_in_words(stop.read_on)} launches {once}. Published rates of changes that work are 8 to 33 % (Kohavi, Deng "
            f"and Vermeer 2022); {percent(self.win_rate)} is the policy's. Of early wins as clear as {self.text} alone, "
            f"{percent(self.false_share, 0) if self.false_share >= _LEAST else 'less than 1 %'} are false."
        )

    def _counts(self, false: float, true: float) -> str:
        nothing, works = (1 - self.win_rate) * _CHANGES * false, self.win_rate * _CHANGES * true
        share = percent(false_among(false, true, self.win_rate), 0)
        return f"{round(nothing)} that do nothing and {round(works)} that work: {share} of the wins are false"

    def _sized(self, size: float) -> str:
        return f"{'' if self._is_fall else '+'}{like(-size if self._is_fall else size, self.said, self.metric.baseline)}"

    @property
    def _is_fall(self) -> bool:
        return self.metric.direction == "decrease"

    @property
    def _moves(self) -> str:
        return "lowers" if self._is_fall else "lifts"

    def _picture(self, stop: EarlyStop) -> Picture:
        worth, sign = self.worth, -1.0 if self._is_fall else 1.0
        half = _IN_RANGE * worth.error

        def around(name: str, truth: float, mark: Mark) -> Interval:
            ends = sorted((sign * (truth - half), sign * (truth + half)))
            words = f"{self._signed(ends[0])} to {self._signed(ends[1])}"
            return Interval(name, ends[0], ends[1], words, sign * truth, mark)

        rows = [
            around("a change that does nothing", 0.0, "plain"),
            around(f"one that {self._moves} by the MDE, {self.metric.mde}", worth.mde, "marked"),
        ]
        levels = [Level(0.0, "no change"), Level(sign * worth.size, f"{self.text} was seen", "marked")]
        says = f"By {stop.day} 95 of 100 changes show a number in these ranges."
        return Picture(f"What changes show by {stop.day}", says, Intervals(rows, levels))

    def _signed(self, value: float) -> str:
        return f"{'+' if value > 0 else ''}{like(value, self.said, self.metric.baseline)}"


def _chance(chance: float) -> str:
    if chance < _RARE:
        return "less than 1 in a million"
    return "nearly all" if chance > _NEARLY_ALL else one_in(chance)


def of_seen(case: Case, stop: EarlyStop, said: MetricChange) -> SeenEffect:
    """The number, weighed. Raises CaseError for one that the primary cannot show."""
    plan, metric = case.plan, primary_at(case.plan, PRIMARY)
    baseline = baseline_of(metric, PRIMARY)
    if not is_change_of(said, baseline):
        raise CaseError(
            f"--seen {said} is no change of {shown(metric.id)}", f"write it like the MDE, {metric.mde}"
        )
    size = said.absolute(baseline.value) * (-1 if metric.direction == "decrease" else 1)
    worth = seen_number(plan, size, stop.then.units, stop.then.number)
    win_rate = case.asked("win_rate") or USUAL_WIN_RATE
    return SeenEffect(said, metric, worth, win_rate, (stop.once, stop.end.power))
