"""Ways out that follow from a rule alone: one list shortened, an item moved, a key renamed, a line taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from egp.advice.options.option import Candidate
from egp.plan.quantity import shown
from egp.plan.remedy import TradeOff
from egp.plan.wording import called, counted, listing
from egp.yaml import Document
from egp.yaml.edits import APPEND, LineRemoval, Setting

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.plan.finding import Diagnostic

_NOT_CONCLUDED = "nothing is concluded about"


def _segments(case: Case, _: Diagnostic) -> Iterator[Candidate]:
    """The first segments that the policy allows, with a correction; or none, all of them for root-cause work."""
    segments = list(dict.fromkeys(case.plan.segments))
    most = case.asked("most_segments") or 0
    diagnostic = list(case.plan.diagnostic_segments)
    if len(segments) > most > 0:
        kept, moved = segments[:most], segments[most:]
        words = f"conclude only about {listing(map(shown, kept))}, and keep the others for root-cause work"
        price = f"{_NOT_CONCLUDED} {listing(map(shown, moved))}"
        settings = (
            Setting(("segments",), kept),
            Setting(("diagnostic_segments",), _joined(diagnostic, moved)),
        )
        yield Candidate(settings, words, TradeOff.INSIGHT, price, lever="segments")
        corrected = (*settings, Setting(("statistics", "correction"), "holm"))
        yield Candidate(
            corrected, f"{words}, corrected after Holm", TradeOff.INSIGHT, price, lever="corrected segments"
        )
    settings = (Setting(("segments",), []), Setting(("diagnostic_segments",), _joined(diagnostic, segments)))
    price = f"{_NOT_CONCLUDED} any segment"
    words = "move all segments to diagnostic_segments"
    yield Candidate(settings, words, TradeOff.INSIGHT, price, lever="no segments")


def _joined(names: list[str], more: list[str]) -> list[str]:
    return list(dict.fromkeys([*names, *more]))


def _single_primary(case: Case, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """The metric that is one too many informs instead of deciding."""
    path = case.path_of(diagnostic)
    metrics = case.value.get("co_primary_metrics")
    if len(path) < 2 or not isinstance(metrics, list) or not isinstance(path[1], int):
        return
    item = metrics[path[1]]
    left = [each for at, each in enumerate(metrics) if at != path[1]]
    name = called(item.get("id") if isinstance(item, dict) else None, "the metric")
    secondary = case.value.get("secondary_metrics")
    place = ("secondary_metrics", APPEND) if secondary else ("secondary_metrics",)
    settings = (Setting(place, item if secondary else [item]), Setting(("co_primary_metrics",), left))
    primary = case.plan.primary_metric
    first = called(primary.id if primary else None, "the first")
    words = f"let {name} inform, as a secondary metric, and {first} decide"
    yield Candidate(settings, words, TradeOff.INSIGHT, f"{name} cannot decide", lever="single primary")


def _written_twice(case: Case, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """One of two lines with the same key goes; which of them is true only the author knows."""
    numbers = [diagnostic.place.span.start.line, *(each.place.span.start.line for each in diagnostic.related)]
    if len(set(numbers)) < 2:
        return
    for number in sorted(set(numbers)):
        if _is_whole(case.document, number):
            kept = listing(str(other) for other in sorted(set(numbers)) if other != number)
            words = f"keep line {kept} and remove line {number}"
            price = f"open only if line {kept} is the one that is meant"
            yield Candidate((LineRemoval(number),), words, TradeOff.EVIDENCE, price, lever=f"line {number}")


def _is_whole(document: Document, number: int) -> bool:
    """Whether a line holds a key with its value, and nothing else."""
    key, colon, value = document.line(number).partition(":")
    return bool(colon and value.strip() and key == key.strip())


def _distinct(case: Case, _: Diagnostic) -> Iterator[Candidate]:
    """The distinct units that the declared sample takes, for counts that added days up."""
    from egp.plan.analysis.traffic import smallest_share

    plan, declared = case.plan, case.plan.sample_size_per_variant
    eligible = plan.eligible_units
    if not declared or not eligible or not eligible.per_day:
        return
    least = -(-declared // smallest_share(plan))
    if least < eligible.per_day:
        return
    count = f"{int(-(-least // 1000) * 1000):_}"
    days = counted(_run(case), "day")
    unit = called(plan.unit, "unit")
    price = f"open only if one query over {days} counts at least {count.replace('_', ',')} distinct {unit}s"
    words = f"count distinct {unit}s over {days} in one query; the declared sample takes {count.replace('_', ',')}"
    settings = (Setting(("eligible_units", "distinct_over_run"), count),)
    yield Candidate(settings, words, TradeOff.EVIDENCE, price, lever="count")


def _run(case: Case) -> int:
    from egp.plan.analysis.days import exposed_days

    return sum(each.days for each in exposed_days(case.plan))


_MECHANICAL: dict[str, Callable[[Case, Diagnostic], Iterator[Candidate]]] = {
    "segments-declared": _segments,
    "single-primary": _single_primary,
    "valid-yaml": _written_twice,
    "reachable-sample": _distinct,
}


def mechanical(case: Case, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """What the rule of a diagnostic determines by itself."""
    of_rule = _MECHANICAL.get(diagnostic.rule)
    if of_rule:
        yield from of_rule(case, diagnostic)
