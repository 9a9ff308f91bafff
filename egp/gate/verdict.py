"""From readings to a verdict. Safety outranks hygiene: a reason to roll back needs no tidy paperwork."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from egp.gate.guarding import guarded
from egp.gate.lost_control import lost_by_control
from egp.gate.reading import Kind, Reading
from egp.gate.readout import Readout
from egp.gate.withholding import withheld_metrics
from egp.plan.quantity import shown
from egp.rules.gate_check import Check, checks
from egp.stats.values import replace

Verdict = Literal["proceed", "hold", "roll_back", "could_not_judge"]

EXIT_STATUS: dict[Verdict, int] = {"proceed": 0, "hold": 1, "could_not_judge": 2, "roll_back": 3}

_HEAVIEST_FIRST: tuple[Kind, ...] = ("repair", "inconclusive", "wait")
"""What a hold is called: what is broken has to be repaired before any wait or ending means something."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A check that failed by itself; the plan is not to blame."""

    check: str
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's answer and everything it rests on."""

    verdict: Verdict
    readings: tuple[Reading, ...]
    crashes: tuple[Crash, ...] = ()

    @property
    def exit_status(self) -> int:
        return EXIT_STATUS[self.verdict]

    @property
    def kind(self) -> Kind:
        """Which kind of hold; empty for other verdicts."""
        if self.verdict != "hold":
            return ""
        kinds = {reading.kind for reading in self.readings if not reading.passed}
        return next((kind for kind in _HEAVIEST_FIRST if kind in kinds), "repair")

    @property
    def until(self) -> datetime | None:
        """The earliest call that can be answered otherwise, for a hold that only waits."""
        if self.kind != "wait":
            return None
        return max((reading.until for reading in self.readings if reading.until), default=None)

    @property
    def reasons(self) -> tuple[Reading, ...]:
        """The readings that made the verdict."""
        if self.verdict == "roll_back":
            return tuple(reading for reading in self.readings if reading.rolls_back)
        open_ones = [reading for reading in self.readings if not reading.passed]
        return tuple(sorted(open_ones, key=lambda reading: reading.kind != self.kind))


def decide(readout: Readout, troubles: Iterable[Crash] = (), among: Iterable[Check] = ()) -> Decision:
    """Runs every check, whatever the others say. ``troubles`` are crashes from before, when inputs were read."""
    readings: list[Reading] = []
    crashes = list(troubles)
    for check in among or checks():
        try:
            for reading in _readings(check, readout):
                readings.append(reading)
        except Exception as error:
            crashes.append(Crash(check.id, f"{check.id} crashed ({type(error).__name__}: {error})"))
    return Decision(_verdict(readings, crashes), tuple(readings), tuple(crashes))


def combined(decision: Decision, other: Decision) -> Decision:
    """Both answers as one, what both say once."""
    readings = [*decision.readings, *(each for each in other.readings if each not in decision.readings)]
    crashes = dict.fromkeys((*decision.crashes, *other.crashes))
    return Decision(_verdict(readings, crashes), tuple(readings), tuple(crashes))


def _readings(check: Check, readout: Readout) -> Iterator[Reading]:
    params = readout.options.get(check.id) or check.params()
    for reading in guarded(lambda: check.read(readout, params)):
        yield _kept_back(_without_lost_control(replace(reading, check=check.id), readout), readout)


_BESIDE_CONTROL = ("guardrail", "stop-rule")
"""Checks whose harm is a difference from control."""


def _without_lost_control(reading: Reading, readout: Readout) -> Reading:
    """Harm that is only seen because control's events do not arrive, as a fault of the data."""
    if reading.state != "fail" or reading.check not in _BESIDE_CONTROL:
        return reading
    metric = next((each for _, each in readout.plan.metrics if each.id == reading.metric), None)
    lost = lost_by_control(readout, metric, reading.variant) if metric else ""
    if not lost:
        return reading
    about = f"{shown(reading.metric)}: events of control do not arrive" if reading.withheld else lost
    return replace(
        reading,
        state="not_checked",
        message=f"{reading.message}; but {about}, so that this is no evidence of harm",
        kind="repair",
        next=f"find out what became of control's events of {shown(reading.metric)}, and call again",
    )


def _kept_back(reading: Reading, readout: Readout) -> Reading:
    """The reading without what may not be seen, whatever the check did."""
    if reading.metric not in withheld_metrics(readout):
        return reading
    shown = reading.observed if reading.withheld and reading.check == "stop-rule" else ""
    return replace(reading, observed=shown, interval=None, numbers={})


def _verdict(readings: Iterable[Reading], crashes: Iterable[Crash]) -> Verdict:
    is_open = [reading for reading in readings if not reading.passed]
    if any(reading.rolls_back for reading in is_open):
        return "roll_back"
    if list(crashes):
        return "could_not_judge"
    return "hold" if is_open else "proceed"
