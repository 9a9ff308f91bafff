"""What the holdout says of the gain after the ramp: validated only where it is large enough to have said otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.comparisons import comparison_so_far
from egp.gate.estimates import Lacking
from egp.gate.withholding import withheld_because
from egp.plan.analysis.registered import comparison_alpha, sides
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import percent, power_text
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from egp.pages.brief.result import PrimaryResult
    from egp.pages.brief.scene import Scene
    from egp.plan.picture import Mark


LEAST_POWER = 0.8
"""Below it a holdout that shows nothing would be no news, and one that shows something has been lucky."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The treated of the last stage against the holdout, on the day on which it is read; above zero is better, in the metric's own unit."""

    result: PrimaryResult
    estimate: float
    low: float
    high: float
    power: float
    """The chance that a holdout of this size shows an effect as large as the readout's."""

    @property
    def is_large_enough(self) -> bool:
        return self.power >= LEAST_POWER

    @property
    def is_validated(self) -> bool:
        return self.is_large_enough and self.low > 0

    @property
    def mark(self) -> Mark:
        """Of its own range, whatever the readout showed."""
        if self.high < 0:
            return "bad"
        return "good" if self.is_validated else "caution"

    @property
    def in_words(self) -> str:
        result = self.result
        seen = f"{shown(result.name)} {result.worded(self.estimate)} against the holdout, {percent(result.confidence)} range {result.worded(self.low)} to {result.worded(self.high)}, {self._lies}"
        finds = f"{_finds(result, self.power)}; at least {percent(LEAST_POWER)} are required"
        if self.is_validated:
            return f"The gain is validated: {seen}; {finds}."
        if self.is_large_enough:
            return f"The gain is not confirmed: {seen}; {finds}."
        return f"The gain is not validated: {seen}; {finds}."

    @property
    def _lies(self) -> str:
        if self.low > 0:
            return "all of it above zero"
        return "all of it below zero" if self.high < 0 else "which holds zero"


def _finds(result: PrimaryResult, power: float) -> str:
    """How often a holdout would show the gain, if it is there."""
    gain = result.worded(result.selected.estimate) if result.selected else "that of the readout"
    return f"if the true gain is {gain}, a holdout of this size shows a difference from zero in {power_text(power)} of cases"


CRITERION = (
    f"Validated is a gain whose whole range is above zero on the day on which the holdout is read, and on no other, where a holdout of "
    f"this size would show the readout's gain in at least {percent(LEAST_POWER)} of cases."
)


class Unread(NamedTuple):
    """A holdout whose day has not come, or of which the results were taken before it."""

    until: date
    in_words: str


def confirmation(scene: Scene, result: PrimaryResult | None) -> Confirmation | Unread | str:
    """What the holdout says on its day, or why it says nothing. Whoever read it until it agrees would see it agree."""
    assert scene.judgement is not None
    readout = scene.judgement.readout
    if result is None or result.selected is None or withheld_because(readout) is not None:
        return "no result has been shipped that it could confirm"
    if not readout.stage.has_control:
        return "everybody is treated, and nobody is held out"
    until = scene.plan.holdout.until if scene.plan.holdout else None
    if until is None:
        return "the plan does not say when the holdout is read (`holdout.until`)"
    try:
        seen = comparison_so_far(readout, result.metric, readout.foremost)
        alpha = comparison_alpha(readout.plan)
        sign = 1 if result.rises else -1
        low, high = sorted(sign * end for end in seen.difference.interval(1 - result.confidence))
        error = seen.difference.standard_error
        power = stats.power_of_standard_error(
            abs(result.selected.estimate), error, alpha, sides(readout.plan)
        )
    except NotChecked as missing:
        return f"the plan does not say {missing.path[-1]}"
    except Lacking as lacking:
        return str(lacking)
    except (ArithmeticError, stats.StatisticsInputError) as error_:
        return f"it cannot be computed: {error_}"
    if readout.seen_until.date() < until:
        return Unread(
            until, f"The holdout is read on {until}, and by nobody before; {_finds(result, power)}."
        )
    return Confirmation(result, sign * seen.difference.estimate, low, high, power)
