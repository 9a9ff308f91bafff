"""What the policy requires of every alarm that withdraws or holds a treatment by itself. No plan has a say in it."""

from __future__ import annotations

from egp.stats.values import NamedTuple


class AlarmLevels(NamedTuple):
    """Options of the rule hair-trigger, by which alarms are both priced and judged."""

    weekly_false_alarm: float = 0.01
    """Chance without harm that weeks in a row fire, over all weeks of the watch and every metric watched by weeks."""
    limit_alpha: float = 0.05
    """One-sided level at which a value is beyond its limit by more than noise."""
    harm_alpha: float = 0.05
    """One-sided level of the alarm that holds a stage, over all guardrails together."""
    day_correlation: float = 0.1
    """Between the arms' differences of two days."""
    week_correlation: float = 0.2
    """Between the arms' differences of two weeks.

    Units come back. With a share i of a window's variance between units and a share o of the units in common, what two
    windows show correlates by i · o: a tenth is a third of the variance and a third of the visitors; weeks have more of
    both.
    """


LEVELS = AlarmLevels()
"""Where a policy sets none."""


def levels_set_by(params: object) -> AlarmLevels:
    """From the options of the rule hair-trigger, which have these names."""
    return AlarmLevels(*(float(getattr(params, name)) for name in AlarmLevels._fields))
