"""Whether a change tightens or loosens, where the field has a direction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from egp.plan.experiment import Canary, Stage, declarations
from egp.plan.quantity import Measure, MetricChange, Moment, as_day
from egp.plan.typed_reader import Keys, TypedMapping
from egp.record.changes.weight import Effect


def effect_of(keys: Keys, before: object, after: object) -> Effect | None:
    """What a change does to safety; None for a field that has no direction, or values that cannot be compared."""
    declared = declarations().get(keys)
    stricter = declared.stricter if declared else ""
    if stricter == "neither":
        return "neutral"
    if stricter == "present":
        return _presence(before, after)
    if isinstance(stricter, tuple):
        return _rises(_rank(stricter, before), _rank(stricter, after))
    if not stricter:
        return None
    if before is None or after is None:
        # A further condition of a stop rule makes it fire later, and one condition less makes it another rule.
        return None if keys[0] == "stop_rules" else "tightens" if before is None else "loosens"
    return _stricter(after, before) if stricter == "less" else _stricter(before, after)


def _presence(before: object, after: object) -> Effect | None:
    """A part that only says why there is none protects as little as its absence."""
    return _rises(_protects(before), _protects(after))


def _protects(part: object) -> int:
    if isinstance(part, TypedMapping):
        return 0 if getattr(part, "none", None) else 1
    return 0 if part is None or part == () else 1


def _rank(words: Sequence[str], word: object) -> int:
    return words.index(word) if isinstance(word, str) and word in words else -1


def _rises(low: float, high: float) -> Effect:
    return "neutral" if low == high else "tightens" if high > low else "loosens"


def _stricter(low: object, high: object) -> Effect | None:
    """Tightens if ``high`` is greater than ``low``, which are before and after in the order that is stricter."""
    first, second = _comparable(low), _comparable(high)
    return _rises(first[0], second[0]) if first[1] == second[1] else None


def _comparable(value: object) -> tuple[float, str]:
    """A number, and what it counts."""
    if isinstance(value, (Measure, MetricChange)):
        return value.value, {"share": "", "points": "abs"}.get(value.unit, value.unit)
    if isinstance(value, timedelta):
        return value.total_seconds(), "s"
    if isinstance(value, datetime):
        return value.timestamp() if value.tzinfo else _seconds(value), "instant" if value.tzinfo else "local"
    if isinstance(value, date):
        return float(value.toordinal()), "day"
    return (float(value), "") if isinstance(value, (int, float)) else (0.0, "unknown")


def _seconds(value: datetime) -> float:
    return (value - datetime.min).total_seconds()


def ramp_effect(before: Sequence[Stage], after: Sequence[Stage]) -> Effect:
    """A ramp is stricter that has at no time reached more than the other. Comparing stage by stage would call an
    added slow stage a change of all that follow."""
    if any(stage.start for stage in (*before, *after)):
        return _dated_ramp_effect(before, after)
    old, new = _steps(before), _steps(after)
    if old is None or new is None:
        return "loosens"
    times = sorted({time for time, _ in (*old, *new)})
    differences = [_reached(new, time) - _reached(old, time) for time in times]
    if any(difference > 0 for difference in differences):
        return "loosens"
    return "tightens" if any(differences) else "neutral"


_DONE = 2.0
"""More than any share: the ramp is over, and nothing holds the treatment back any more."""


def _steps(stages: Sequence[Stage]) -> list[tuple[float, float]] | None:
    """When each share is reached at the earliest, in seconds after the readout."""
    steps, time = [], 0.0
    for stage in stages:
        if stage.treated is None or stage.min_dwell is None:
            return None
        steps.append((time, stage.treated))
        time += stage.min_dwell.total_seconds()
    return [*steps, (time, _DONE)]


def _reached(steps: Sequence[tuple[float, float]], time: float) -> float:
    return max((share for begin, share in steps if begin <= time), default=0.0)


def _dated_ramp_effect(before: Sequence[Stage], after: Sequence[Stage]) -> Effect:
    """Stage by stage, since dates are not counted from the readout."""
    if len(before) != len(after):
        return "loosens"
    is_stricter = all(
        (new.treated or _DONE) <= (old.treated or 0.0)
        and (new.min_dwell or timedelta()) >= (old.min_dwell or timedelta())
        and _day_number(new.start) >= _day_number(old.start)
        for old, new in zip(before, after, strict=True)
    )
    return "tightens" if is_stricter else "loosens"


def _day_number(moment: Moment | None) -> int:
    return as_day(moment).toordinal() if moment else 0


def canary_effect(before: Canary, after: Canary) -> Effect | None:
    """A canary is stricter that treats no more, and is watched no shorter."""
    if before.treated is None or after.treated is None or before.none or after.none:
        return _presence(before, after)
    old, new = _length(before), _length(after)
    if old is None or new is None:
        return None
    if after.treated > before.treated or new < old:
        return "loosens"
    return "neutral" if (after.treated, new) == (before.treated, old) else "tightens"


def _length(canary: Canary) -> int | None:
    if canary.start is None or canary.end is None:
        return None
    return (as_day(canary.end) - as_day(canary.start)).days
