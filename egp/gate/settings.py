"""What the plan and the policy in force set for the checks of the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from egp.gate.readout import once
from egp.plan.analysis.alarm_levels import LEVELS, levels_set_by
from egp.plan.analysis.registered import statistics_of
from egp.plan.finding import need
from egp.policy.model import adopting, asked

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.plan.analysis.alarm_levels import AlarmLevels
    from egp.plan.quantity import Interval
    from egp.policy.model import Adopted


@once
def change_windows(readout: Readout) -> list[tuple[Interval, str]]:
    """The periods of the policy's calendars, in which no traffic is raised, with their names, in order of time."""
    found = [(days, name) for name, periods in readout.organisation.calendars.items() for days in periods]
    return sorted(found, key=lambda each: each[0].first)


def policy_option(readout: Readout, name: str, otherwise: float) -> float:
    """The option in force that is known by a name, or what holds where the policy does not have its rule."""
    return float(asked(readout.rules, name)) if adopting(readout.rules, name) else otherwise


@once
def alarm_levels(readout: Readout) -> AlarmLevels:
    """What the policy requires of alarms, whatever the plan says."""
    return alarm_levels_of(readout.rules)


def alarm_levels_of(rules: Mapping[str, Adopted]) -> AlarmLevels:
    adopted = adopting(rules, "most_false_alarms")
    return levels_set_by(adopted.params) if adopted else LEVELS


def guardrail_alpha(readout: Readout) -> float:
    """Level at which the plan judges each guardrail."""
    return need(statistics_of(readout.plan).guardrail_alpha, "statistics", "guardrail_alpha")
