"""From a violation to the options that comply: every one made on trial and judged by the pipeline first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp.advice.options.case import key_of
from egp.advice.options.levers import solved
from egp.advice.options.offered import offered
from egp.advice.options.option import Option, cost_between, settings_in_words
from egp.plan.finding import NotChecked
from egp.plan.remedy import Candidate
from egp.stats import StatisticsInputError

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.plan.finding import Diagnostic

_MOST_OPTIONS = 6
_MOST_FIRST_STEPS = 8
_MOST_LEFT = 2
MOST_STEPS = 12
"""Violations that a way to a plan that passes goes through: from more nobody takes it, and what it costs grows with their square."""
_AMENDED = "the plan is registered: declare the change with egp amend"


@dataclass(frozen=True, slots=True)
class Step:
    """One violation on the way to a plan that passes, and the option taken."""

    rule: str
    option: Option


def options(case: Case, target: Diagnostic) -> list[Option]:
    """The options that free the case from a diagnostic, cheapest first; pairs of changes where no single one does."""
    candidates = _distinct(_candidates(case, target))
    offered = list(_accepted(case, target, candidates))
    if not offered and target.severity == "error":
        offered = list(_pairs(case, target, candidates))
    return sorted(offered, key=lambda option: option.order)[:_MOST_OPTIONS]


def _candidates(case: Case, target: Diagnostic) -> Iterator[Candidate]:
    yield from offered(target.remedies)
    for other in _of_the_same_gap(case, target):
        yield from offered(other.remedies)
    if case.is_plan or case.exported(target.rule, "IS_READ_AS_TEXT"):
        with suppress(NotChecked, ArithmeticError, StatisticsInputError):
            if ways := case.exported(target.rule, "ways"):
                yield from ways(case.broken(target))
        yield from solved(case, target.rule, case.path_of(target))


def _of_the_same_gap(case: Case, target: Diagnostic) -> list[Diagnostic]:
    """What other rules say of the key that is missing: they may know what it takes."""
    path = case.path_of(target)
    return [
        each
        for each in case.judged.diagnostics
        if target.missing and each.missing and each.rule != target.rule and case.path_of(each) == path
    ]


def _distinct(candidates: Iterator[Candidate]) -> list[Candidate]:
    """Each change once, in the better words."""
    found: dict[str, Candidate] = {}
    for each in candidates:
        key = str(each.changes)
        if key not in found or (each.words and not found[key].words):
            found[key] = each
    return list(found.values())


def _accepted(
    case: Case, target: Diagnostic, candidates: Sequence[Candidate], levers: int = 1
) -> Iterator[Option]:
    """The candidates that comply; of each lever the first."""
    pulled: set[str] = set()
    for candidate in candidates:
        if candidate.lever and candidate.lever in pulled:
            continue
        after = case.on_trial(candidate.changes)
        if after is not None and _complies(case, target, after):
            pulled.add(candidate.lever)
            yield _option(case, after, candidate, levers)


def _complies(case: Case, target: Diagnostic, after: Case) -> bool:
    """By itself first, which is quick and turns most away; then among the other plans."""
    return case.is_way_out(target, after.judged) and case.is_way_out(target, after.among_others().judged)


def _option(case: Case, after: Case, candidate: Candidate, levers: int) -> Option:
    words = candidate.words or settings_in_words(candidate.changes, case.document.value)
    note = _AMENDED if case.needs_amendment(after.judged) else ""
    return Option(words, candidate.changes, cost_between(case.plan, after.plan, candidate), levers, note)


def _pairs(case: Case, target: Diagnostic, firsts: Sequence[Candidate]) -> Iterator[Option]:
    """Two changes at once: a first that does not suffice, then what frees the plan from what it left or brought."""
    for first in firsts[:_MOST_FIRST_STEPS]:
        halfway = case.on_trial(first.changes)
        if halfway is None or halfway.judged.failures:
            continue
        already = {str(getattr(change, "path", change)) for change in first.changes}
        for left in _left(case, target, halfway)[:_MOST_LEFT]:
            seconds = [
                each
                for each in _distinct(_candidates(halfway, left))
                if not already & {str(getattr(change, "path", change)) for change in each.changes[:1]}
            ]
            yield from _accepted(
                case, target, [_both(case, first, halfway, second) for second in seconds], levers=2
            )


def _left(case: Case, target: Diagnostic, halfway: Case) -> list[Diagnostic]:
    """What still stands in the way after a first change."""
    known = case.judged.errors
    return halfway.judged.of(target.rule) + [
        each
        for each in halfway.judged.diagnostics
        if each.severity == "error" and each.rule != target.rule and not known[key_of(each)]
    ]


def _both(case: Case, first: Candidate, halfway: Case, second: Candidate) -> Candidate:
    words = [
        each.words or settings_in_words(each.changes, of.document.value)
        for each, of in ((first, case), (second, halfway))
    ]
    return Candidate(
        (*first.changes, *second.changes),
        " and ".join(words),
        max(first.trade_off, second.trade_off),
        "; ".join(dict.fromkeys(filter(None, (first.price, second.price)))),
        lever=f"{first.lever or words[0]}, {second.lever}" if second.lever else "",
    )


def way_to_compliance(case: Case) -> list[Step] | None:
    """The cheapest option of each error in turn, until none is left; None where a person has to act in between, or too many are there."""
    steps: list[Step] = []
    while errors := [each for each in case.judged.diagnostics if each.severity == "error"]:
        if len(errors) + len(steps) > MOST_STEPS:
            return None
        found = next(
            ((each, best) for each in errors if (best := next(iter(options(case, each)), None))), None
        )
        if found is None:
            return None
        after = case.on_trial(found[1].changes)
        assert after is not None
        steps.append(Step(found[0].rule, found[1]))
        case = after.among_others()
    return steps
