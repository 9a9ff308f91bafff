"""What cannot be computed is a reading of its own, so that one missing number silences no other check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from egp.gate.estimates import Lacking
from egp.gate.reading import Kind, Reading
from egp.gate.withholding import Withheld
from egp.plan.finding import NotChecked
from egp.stats.errors import StatisticsInputError, input_error_of
from egp.yaml import pointer


def guarded(read: Callable[[], Iterable[Reading]], metric: str = "", variant: str = "") -> Iterator[Reading]:
    """The readings, up to the first that lacks an input; that one is not checked."""
    try:
        yield from read()
    except NotChecked as missing:
        where = pointer(missing.path)
        message = missing.reason or f"the plan does not say {where}"
        help = missing.help or f"declare {where} in a new plan: this one is registered without it"
        yield _unread(message, metric, variant, help)
    except Lacking as lacking:
        yield _unread(str(lacking), metric, variant, lacking.advice, lacking.kind)
    except (StatisticsInputError, ArithmeticError) as error:
        unusable = input_error_of(error)
        yield _unread(f"could not be computed: {unusable.problem}", metric, variant, unusable.advice)
    except Withheld as reason:
        yield _withheld(reason, metric, variant)


@dataclass(frozen=True, slots=True)
class GuardedPart:
    """One of several answers of a check: about a metric, a variant, a stop rule."""

    read: Callable[[], Iterable[Reading]]
    metric: str = ""
    variant: str = ""


def one_by_one(parts: Iterable[GuardedPart]) -> Iterator[Reading]:
    """The readings of all parts, each guarded. One that crashes does so after the others have been heard."""
    crash: Exception | None = None
    for part in parts:
        try:
            yield from guarded(part.read, part.metric, part.variant)
        except Exception as error:
            crash = crash or error
    if crash is not None:
        raise crash


def _unread(message: str, metric: str, variant: str, next: str, kind: Kind = "repair") -> Reading:
    about = f"{metric}: " if metric and metric not in message else ""
    return Reading("not_checked", about + message, kind=kind, next=next, metric=metric, variant=variant)


def _withheld(reason: Withheld, metric: str, variant: str) -> Reading:
    """A metric that is not shown yet: it waits for its look, or for a repair of the split."""
    return Reading(
        "not_checked",
        f"{metric}: {reason}" if metric else str(reason),
        kind="wait" if reason.until else "repair",
        next=reason.advice,
        until=reason.until,
        metric=metric,
        variant=variant,
        withheld=True,
    )
