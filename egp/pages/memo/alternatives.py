"""One-pagers about the other shortcuts that are requested: a shorter run, a segment that looks good, raw data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from egp import stats
from egp.advice.options.case import CaseError
from egp.advice.options.levers import counted_units, policy_power, rescheduled
from egp.output.page.model import (
    Block,
    Cell,
    Facts,
    Figure,
    Light,
    Page,
    Paragraph,
    Points,
    Section,
    Table,
    pictured,
)
from egp.pages.memo.choices import HEAD, agreed, not_at_all, raised
from egp.pages.memo.page import called_plan, provenance, standing
from egp.pages.memo.required_run import detectable, least_days
from egp.pages.memo.stopped import day_number
from egp.plan.analysis.by_day import (
    Day,
    day_at,
    effect_error,
    times_its_size,
    units_after,
    weekdays_seen,
)
from egp.plan.analysis.days import day_after, first_day, planned_days, readout_day
from egp.plan.analysis.early_wins import wins_among, wins_at_one_look
from egp.plan.analysis.registered import (
    PRIMARY,
    aim_of,
    planned_units,
    power_at,
    primary_at,
    primary_effect,
    primary_test,
)
from egp.plan.analysis.traffic import smallest_share
from egp.plan.quantity import shown
from egp.plan.results import RATIO_COVARIATE_SUMS
from egp.plan.wording import count_in_plan, counted, day_in_words, listing, one_in, percent, power_text, whole
from egp.rules.pictures import false_wins, missed, weekdays
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from datetime import date

    from egp.advice.options.case import Case
    from egp.plan.finding import Diagnostic

_SHARES = (0.5, 0.25, 0.1)

_SUFFICIENT: dict[str, tuple[str, str]] = {
    "proportion": ("units, sum", "rate, standard error, test and interval"),
    "mean": ("units, sum, sum_squares", "mean, variance, test and interval"),
    "ratio": (
        "units, sum, sum_squares, denominator_sum, denominator_sum_squares, cross_sum",
        "ratio and its interval by the delta method",
    ),
    "quantile": ("value, standard_error", "quantile and its interval"),
}
"""Kind of metric → columns of its aggregates, and what they give."""


def if_shortened(case: Case, last: date) -> Page:
    """What a run that is planned to end on a day would be worth, read once."""
    days = day_number(case, last)
    then, end = day_at(case.plan, days), day_at(case.plan, least_days(case))
    if days >= end.number:
        raise CaseError(
            f"{counted(days, 'day')} are no shorter than the {counted(end.number, 'day')} "
            f"{'of the plan' if end.number == planned_days(case.plan) else 'that the policy requires'}",
            "name an earlier day",
        )
    shortened = _shortened(case, last, days)
    against = _objections(shortened)
    seen = weekdays_seen(then.weekdays)
    verdict = (
        f"Shortened to {counted(days, 'day')}, {case.name} "
        f"{'would be rejected' if against else 'would be accepted'}: {against[0].message if against else seen}."
    )
    up_to = [
        ("days", counted(days, "day"), counted(end.number, "day")),
        ("weekdays", seen, weekdays_seen(end.weekdays)),
    ]
    if then.power < policy_power(case):
        up_to.append(("power at the MDE", power_text(then.power), power_text(end.power)))
    blocks: list[Block] = [*_shown(case, then, end)]
    blocks.append(
        Paragraph(
            f"If it is planned before the start, one look at the end of {counted(days, 'day')} keeps its error rate of "
            f"{percent(primary_test(case.plan).alpha)}. Chosen after a glance at the results it does not."
        )
    )
    objections = [f"{each.rule}: {each.message}" for each in against]
    if case.needs_amendment(shortened.judged):
        objections.append("The plan is registered: to shorten it is a change that takes egp amend.")
    sections = [
        _between(case, then, end, bool(objections)),
        Section("What the shorter run shows", blocks),
        Section(
            f"Day {days} beside day {end.number}", [Table(("", "shortened", "whole"), up_to)], folded=True
        ),
    ]
    if objections:
        sections.insert(2, Section("What the policy says to such a plan", [Points(objections)], "bad"))
    return Page(
        f"If shortened to {counted(days, 'day')}: {called_plan(case)}",
        verdict,
        "bad" if against else "caution",
        [*sections, standing(case), *agreed(case)],
        provenance(case),
    )


def _between(case: Case, then: Day, end: Day, is_closed: bool) -> Section:
    """The whole run and the shorter one as options."""
    later = counted((end.last - then.last).days, "day")
    light = (
        Light("bad", "closed: the policy rejects it") if is_closed else Light("good", "follows the policy")
    )
    errors = [each for each in case.judged.diagnostics if each.severity == "error"]
    whole_run = (
        Light("caution", "not yet: the plan is rejected")
        if errors or case.judged.silent
        else Light("good", "follows the policy")
    )
    rows: list[Sequence[Cell]] = [
        (
            f"go with the whole run, to {day_in_words(end.last)}",
            f"{later} more",
            raised(case.plan),
            whole_run,
        ),
        (
            f"go with {counted(then.number, 'day')}, to {day_in_words(then.last)}",
            "a plan for them, registered before the start",
            f"decided {later} earlier",
            light,
        ),
        not_at_all(),
    ]
    return Section("What can be decided", [Table(HEAD, rows)])


def _shown(case: Case, then: Day, end: Day) -> Iterator[Figure]:
    """What the shorter run lacks, and nothing else."""
    asked = case.asked("times_each_weekday") or 2
    days = weekdays(case.plan, asked, end.number, then.last) if min(then.weekdays) < asked else None
    if days:
        yield pictured(days)
    if then.power < policy_power(case):
        yield pictured(missed(case.plan, aim_of(case.plan), then.power))


def shortened_to(case: Case, days: int) -> date:
    """The last day of a run of so many calendar days."""
    return day_after(first_day(case.plan), days - 1)


def _shortened(case: Case, last: date, days: int) -> Case:
    """The plan with its run, its counts and its sample cut to so many days. Raises CaseError where it cannot be cut."""
    units = units_after(case.plan, days)
    settings = [*rescheduled(case.plan, last), *counted_units(case.plan, math.floor(units))]
    sample = math.floor(units * smallest_share(case.plan))
    if sample < (case.plan.sample_size_per_variant or 0):
        settings.append(Setting(("sample_size_per_variant",), count_in_plan(sample)))
    trial = case.on_trial(settings)
    if trial is None:
        raise CaseError(
            "the plan's dates cannot be changed as they are written", "write them out in the plan"
        )
    return trial


def _objections(case: Case) -> list[Diagnostic]:
    """What the policy says to a plan as such, whether or not it was registered otherwise."""
    families = case.policy.catalogue.families()
    in_order = list(dict.fromkeys(families.values()))
    errors = [
        each
        for each in case.judged.diagnostics
        if each.severity == "error" and families[each.rule] != "integrity"
    ]
    return sorted(errors, key=lambda each: in_order.index(families[each.rule]))


def if_segment(case: Case, names: Sequence[str], count: int) -> Page:
    """What picking the best of some segments is worth, none of which the plan is about."""
    if case.plan.type == "non_inferiority":
        raise CaseError(
            "a segment is picked for its win, and a non-inferiority plan has none to show",
            "of a guardrail in segments: egp explain segments-declared",
        )
    test = primary_test(case.plan)
    alone, whole_too = (
        wins_among(count, test.alpha, test.sides),
        wins_among(count + 1, test.alpha, test.sides),
    )
    declared = [name for name in names if name in case.plan.segments]
    phrase = f" ({listing(map(shown, names))})" if names else ""
    verdict = (
        f"If nothing works, the best of {counted(count, 'segment')}{phrase} still looks like a win {_likely(alone)} of the "
        f"time, {one_in(alone)}."
    )
    facts = [
        ("segments looked at", f"{count:,}"),
        ("error rate of each", percent(test.alpha)),
        (
            "chance that at least one looks like a win without any effect",
            f"{_likely(alone)}, {one_in(alone)}",
        ),
        ("with the whole population too, at most", _likely(whole_too)),
        ("taken for granted", "the segments share no units; where they overlap, it is somewhat less"),
        ("level of each segment that keeps the error rate (Bonferroni)", percent(test.alpha / count)),
        ("declared in the plan", listing(map(shown, declared)) or "none of them"),
    ]
    sections = [
        Section("What can be decided", [Table(HEAD, _of_segments(case, count))]),
        Section("What picking the best does", [*_picked(case, count, alone), Facts(facts)]),
        Section("What a segment can find", list(_within_segments(case, count)), "caution"),
        Section("What complies", [Points(list(_segment_ways(case)))], "good"),
        standing(case),
    ]
    return Page(f"If a segment is picked: {called_plan(case)}", verdict, "bad", sections, provenance(case))


def _likely(chance: float) -> str:
    """A chance with one digit, never rounded up to certainty."""
    return percent(chance, 1) if chance < 0.999 else power_text(chance)


def _of_segments(case: Case, count: int) -> list[Sequence[Cell]]:
    read = day_in_words(readout_day(case.plan))
    errors = [each for each in case.judged.diagnostics if each.severity == "error"]
    light = (
        Light("caution", "not yet: the plan is rejected")
        if errors or case.judged.silent
        else Light("good", "follows the policy")
    )
    return [
        ("go on the whole population", f"the look on {read}", raised(case.plan), light),
        (
            f"go on the best of {counted(count, 'segment')}",
            "a story for it",
            "a hypothesis is launched as a result",
            Light("bad", "closed: nobody registered it"),
        ),
        (
            "go on a segment that was registered",
            "a plan that declares it, corrected",
            "a result of its own",
            Light("good", "follows the policy"),
        ),
        not_at_all(),
    ]


def _picked(case: Case, count: int, alone: float) -> Iterator[Figure]:
    if count > 1:
        once = wins_at_one_look(case.plan)
        says = f"The best of {counted(count, 'segment')} launches {one_in(alone)} of them; the whole population, read once, {one_in(once)}."
        named = [(f"on the best of {counted(count, 'segment')}", alone), ("on the whole population", once)]
        yield pictured(false_wins("Changes that do nothing, launched", says, named))


def _within_segments(case: Case, count: int) -> Iterator[Block]:
    units, effect = planned_units(case.plan), primary_effect(case.plan)
    test, rows = primary_test(case.plan), []
    for share in sorted({1.0, *_SHARES, 1 / count}, reverse=True):
        power = power_at(case.plan, effect, units * share)
        worth = stats.type_m(effect, effect_error(case.plan, units * share), test.alpha, test.sides)
        rows.append(
            (
                percent(share),
                whole(math.floor(units * share)),
                power_text(power),
                _detectable(case, units * share),
                times_its_size(worth.exaggeration),
            )
        )
    head = (
        "share of the units",
        "units per variant",
        "power at the MDE",
        "effect found with the power required",
        "a significant effect looks",
    )
    yield Table(head, rows, "A segment of so many units, tested by itself", numeric=frozenset((0, 1, 2)))


def _detectable(case: Case, units: float) -> str:
    if primary_at(case.plan, PRIMARY).mde is None:
        return "-"
    return detectable(case, units) or "none that is possible"


def _segment_ways(case: Case) -> Iterator[str]:
    most = case.asked("most_segments")
    if most is not None:
        yield f"Declare up to {most} segments under `segments`, with `correction: holm`, before the start."
    yield "Keep the others under `diagnostic_segments`: they may explain harm, and nothing is concluded from them."
    yield "A segment that looks good after the fact is a hypothesis: register an experiment of its own on it."


def if_export(case: Case) -> Page:
    """What raw user-level data would add to the analysis of the plan, which is nothing."""
    allowed = case.asked("data_access") or ("aggregates",)
    metrics = [(path, metric) for path, metric in case.plan.metrics if metric.kind]
    verdict = (
        f"{case.name} is analysed from aggregates without losing any precision: {counted(_rows_needed(case), 'row')} "
        "give the same estimates, tests and intervals as the raw rows of every unit."
    )
    rows = [
        (metric.id or "a metric", metric.kind or "", *_SUFFICIENT[metric.kind or "mean"])
        for _, metric in metrics
    ]
    facts = [
        ("data access that the policy allows", listing(allowed, "or")),
        ("what the plan requires", case.plan.data_access or "missing"),
        ("rows of an export", _export_size(case)),
        (
            "rows of the aggregates",
            f"{_rows_needed(case):,}: a metric, a variant, a day; quantiles once for the run",
        ),
        (
            "precision lost",
            "none: sums of squares have all that a standard error needs, quantiles bring their own",
        ),
        ("personal data in the aggregates", "none"),
    ]
    blocks: list[Block] = [
        Table(("metric", "kind", "columns", "give"), rows, "Sufficient statistics of each metric")
    ]
    if case.plan.statistics and case.plan.statistics.variance_reduction:
        blocks.append(
            Paragraph(
                "CUPED takes covariate_sum, covariate_sum_squares and covariate_cross_sum beside them, of a ratio also "
                f"{listing(RATIO_COVARIATE_SUMS)}."
            )
        )
    sections = [
        Section("What the policy forbids, and what it costs the analysis", [Facts(facts)], "good"),
        Section("The aggregates that give the same answer", blocks),
        Section(
            "What aggregates cannot do",
            [
                Paragraph(
                    "Cut the data anew by segments nobody thought of: declare them before, or add a column to the query."
                )
            ],
        ),
        standing(case),
    ]
    return Page(f"If raw data are exported: {called_plan(case)}", verdict, "good", sections, provenance(case))


def _rows_needed(case: Case) -> int:
    """Rows of aggregates: a metric, a variant, a day; for quantiles, which do not add up, no days."""
    days = planned_days(case.plan)
    per_variant = sum(1 if metric.kind == "quantile" else days for _, metric in case.plan.metrics)
    return per_variant * max(1, len(case.plan.variants or ()))


def _export_size(case: Case) -> str:
    plan = case.plan
    units = plan.eligible_units.distinct_over_run if plan.eligible_units else None
    exposure = plan.schedule.exposure if plan.schedule else None
    if not units or not exposure:
        return "one for every unit and day, each about a person"
    return (
        f"at least {whole(units * exposure)}, one for every {shown(plan.unit or 'unit')}, each about a person"
    )
