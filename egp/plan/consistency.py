"""What the fields of a plan say of each other: the validity that a schema cannot see.

Each check yields findings about fields that do not fit together. About fields that are misread or misspelt
it is silent: those are problems of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING

from egp.plan.analysis.days import (
    day_after,
    day_before_end,
    first_day,
    last_day,
    last_exposure,
    local,
    schedule_of,
    time_zone,
)
from egp.plan.finding import Finding, Related
from egp.plan.quantity import as_day, shown
from egp.plan.remedy import Remedy, addition, open_if, removal, setting
from egp.plan.typed_reader import label, nearest
from egp.plan.wording import called, counted, listing
from egp.yaml.edits import Removal, Setting

if TYPE_CHECKING:
    from egp.plan.experiment import Canary, Experiment, Holdout, Variant
    from egp.plan.quantity import Moment
    from egp.yaml import Path

_NO_CONTROL = "no variant is the control"
TOLERANCE = 1e-9
"""How far shares may miss 100 % for want of exact decimals."""


def contradictions(plan: Experiment, explained: Collection[Path]) -> Iterator[Finding]:
    """Findings about fields that contradict each other or themselves.

    ``explained`` are the paths that a problem of reading is about: what is absent there needs no second
    finding.
    """
    yield from _ids(plan)
    if plan.variants is not None:
        yield from _weights(plan.variants, explained)
        yield from _control(plan.variants)
    yield from _schedule(plan)
    yield from _ranges(plan)
    yield from _scenarios(plan)
    if plan.canary is not None and plan.canary.none is not None:
        yield from _none_or_values("canary", plan.canary, ("treated", "start", "end"))
    if plan.holdout is not None and plan.holdout.none is not None:
        yield from _none_or_values("holdout", plan.holdout, ("of", "share", "until"))
    yield from _evidence(plan)
    yield from _margins(plan)
    yield from _looks(plan)
    yield from _looks_in_order(plan)
    yield from _blank_entries(plan)


def _ids(plan: Experiment) -> Iterator[Finding]:
    variants = ((("variants", at), variant.id) for at, variant in enumerate(plan.variants or ()))
    yield from _repeated("variants", variants)
    yield from _repeated("metrics", ((path, metric.id) for path, metric in plan.metrics))
    stop_rules = ((("stop_rules", at), stop_rule.id) for at, stop_rule in enumerate(plan.stop_rules))
    yield from _repeated("stop rules", stop_rules)


def _repeated(what: str, named: Iterable[tuple[Path, str | None]]) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for path, name in named:
        if name is not None and first.setdefault(name, path) is not path:
            yield Finding(
                (*path, "id"),
                f"two {what} have the id `{name}`",
                observed=name,
                required="a different id for each",
                help="give one of the two another id",
                related=(Related((*first[name], "id"), "first used here"),),
            )


def _weights(variants: tuple[Variant, ...], explained: Collection[Path]) -> Iterator[Finding]:
    rest = 1 - sum(variant.weight or 0 for variant in variants)
    absent = sum(variant.weight is None for variant in variants)
    for at, variant in enumerate(variants):
        if variant.weight:
            continue
        path = ("variants", at, "weight")
        name = variant.id or f"number {at + 1}"
        if variant.weight is not None:
            message = f"the variant {name} has a weight of 0 %, so that no unit sees it"
            yield Finding(path, message, "0 %", "above 0 %", "give it a weight, or remove the variant")
        elif path not in explained and path[:2] not in explained:
            message, share = f"the variant {name} has no weight", _percent(rest / absent)
            remedies, advice = (
                ([addition(path, share)], "") if rest > TOLERANCE else ((), "add `weight:` to it")
            )
            yield Finding(path, message, "none", "a share", advice, remedies=remedies)
    if variants and not absent:
        yield from _sum_to_one("weight", ("variants",), [variant.weight or 0.0 for variant in variants])


def _sum_to_one(key: str, path: Path, shares: list[float]) -> Iterator[Finding]:
    total = sum(shares)
    if abs(total - 1) <= TOLERANCE:
        return
    last = shares[-1] + 1 - total
    plural = {"weight": "weights", "probability": "probabilities"}[key]
    at = (*path, len(shares) - 1, key)
    yield Finding(
        at,
        f"the {plural} add up to {_spaced(total)}; they must add up to 100 %",
        observed=_spaced(total),
        required="100 %",
        remedies=[*_equal_parts(key, path, shares), *([setting(at, _percent(last))] if last > 0 else ())],
        help="change the others" if last > 0 else "lower the others",
    )


_ALIKE = 0.005
"""How far decimals of an equal part may be rounded."""


def _equal_parts(key: str, path: Path, shares: list[float]) -> Iterator[Remedy]:
    """Thirds and the like, which no decimals add up to: 33.3% three times."""
    parts = len(shares)
    if parts > 2 and all(abs(share - 1 / parts) < _ALIKE for share in shares):
        equal = tuple(Setting((*path, at, key), f"1/{parts}") for at in range(parts))
        yield Remedy(equal)


def _percent(share: float) -> str:
    return f"{share * 100:.9f}".rstrip("0").rstrip(".") + "%"


def _spaced(share: float) -> str:
    return _percent(share).replace("%", " %")


def _control(variants: tuple[Variant, ...]) -> Iterator[Finding]:
    if len(variants) < 2:
        present = counted(len(variants), "variant")
        message = f"the plan has {present}; a comparison needs a control and a treatment"
        advice = "add the variant that is missing" if variants else "add a control and a treatment"
        yield Finding(("variants",), message, str(len(variants)), "at least 2", advice)
    controls = [at for at, variant in enumerate(variants) if variant.control]
    if variants and not controls:
        likely = next((at for at, variant in enumerate(variants) if variant.id == "control"), None)
        compared = "the variant the others are compared with"
        if likely is None:
            advice = f"add `control: true` to {compared}"
            yield Finding(("variants",), _NO_CONTROL, "none", "exactly one control", advice)
        else:
            at = ("variants", likely, "control")
            remedies = [addition(at, True, f" if it is {compared}", open_if(f"it is {compared}"))]
            yield Finding(at, _NO_CONTROL, "none", "exactly one control", remedies=remedies)
    for position in controls[1:]:
        yield Finding(
            ("variants", position, "control"),
            "the plan has two controls; the others are compared with exactly one",
            observed=str(len(controls)),
            required="exactly one control",
            remedies=[
                removal(("variants", at, "control"), price=open_if("the other one is the control"))
                for at in (position, controls[0])
            ],
            related=(Related(("variants", controls[0], "control"), "first control"),),
        )


def _schedule(plan: Experiment) -> Iterator[Finding]:
    schedule, canary = plan.schedule, plan.canary
    if canary and canary.start and canary.end:
        yield from _ordered(plan, ("canary",), "the canary", canary.start, canary.end)
    if schedule is None:
        return
    if schedule.timezone and time_zone(schedule.timezone) is None:
        yield _unknown_zone(schedule.timezone)
    if schedule.start is None or schedule.end is None:
        return
    wrong_order = list(_ordered(plan, ("schedule",), "the plan", schedule.start, schedule.end))
    yield from wrong_order
    if not wrong_order:
        yield from _enrolment(plan)
    if schedule.pauses and not wrong_order:
        first, last = first_day(plan), last_day(plan)
        for at, pause in enumerate(schedule.pauses):
            if pause.last < first or pause.first > last:
                message = f"the pause {pause} lies outside the run, {first} to {last}"
                advice = "correct its dates, or remove it"
                yield Finding(("schedule", "pauses", at), message, str(pause), "inside the run", advice)


def _enrolment(plan: Experiment) -> Iterator[Finding]:
    """Units enter on a day of the run before its last: whoever enters on the last is observed by nobody."""
    ended = schedule_of(plan).enrolment_end
    if ended is None:
        return
    day, first, last = last_exposure(plan), first_day(plan), last_day(plan)
    if first <= day < last:
        return
    at: Path = ("schedule", "enrolment_end")
    where = f"before the start on {first}" if day < first else f"and the run on {last}"
    yield Finding(
        at,
        f"the enrolment ends on {day}, {where}, so that nothing is observed after it",
        observed=str(day),
        required=f"from {first} to {day_after(last, -1)}",
        remedies=[removal(at, ": units then enter on every day of the run")],
        help="set `end` to the last day of the observation" if day >= last else "correct the date",
        related=(Related(("schedule", "end" if day >= last else "start"), "the run"),),
    )


def _ordered(plan: Experiment, path: Path, what: str, start: Moment, end: Moment) -> Iterator[Finding]:
    start, end = local(plan, start), local(plan, end)
    if isinstance(start, datetime) and isinstance(end, datetime) and bool(start.tzinfo) == bool(end.tzinfo):
        if end > start:
            return
    elif day_before_end(plan, end) >= as_day(start):
        return
    later = f"an instant after {start}" if isinstance(end, datetime) else f"{as_day(start)} or later"
    order = "when it starts," if end == start else f"on {end}, before its start on"
    yield Finding(
        (*path, "end"),
        f"{what} ends {order} {start}",
        observed=str(end),
        required=later,
        help=f"set `end` to {later}, or correct `start`",
        related=(Related((*path, "start"), "starts here"),),
    )


def _unknown_zone(name: str) -> Finding:
    guess = _nearest_zone(name)
    hint = f", did you mean `{guess}`?" if guess else ""
    return Finding(
        ("schedule", "timezone"),
        f"`{shown(name)}` is not an IANA time zone{hint}",
        observed=shown(name),
        required="an IANA time zone",
        remedies=[setting(("schedule", "timezone"), guess)] if guess else (),
        help="" if guess else "write its name, as in `timezone: America/Los_Angeles`",
    )


@lru_cache(64)
def _nearest_zone(name: str) -> str:
    from zoneinfo import available_timezones

    return nearest(name.replace(" ", "_"), sorted(available_timezones()))


def _ranges(plan: Experiment) -> Iterator[Finding]:
    statistics = plan.statistics
    reduction = statistics.variance_reduction if statistics else None
    path: Path = ("statistics", "variance_reduction", "correlation")
    if reduction and reduction.correlation is not None and not 0 <= reduction.correlation < 1:
        yield _outside(path, reduction.correlation, "at least 0 and below 1")
    clustering = statistics.clustering if statistics else None
    if clustering is None:
        return
    ranges: tuple[tuple[str, float | None, Callable[[float], bool], str], ...] = (
        ("mean_size", clustering.mean_size, lambda value: value >= 1, "at least 1"),
        ("icc", clustering.icc, lambda value: 0 <= value <= 1, "between 0 and 1"),
        ("cv", clustering.cv, lambda value: value >= 0, "at least 0"),
    )
    for key, value, fits, asked in ranges:
        if value is not None and not fits(value):
            yield _outside(("statistics", "clustering", key), value, asked)


def _outside(path: Path, value: float, asked: str) -> Finding:
    message = f"{label(path)} is {value:g}; it must be {asked}"
    return Finding(path, message, f"{value:g}", asked, f"write the measured value, which is {asked}")


def _scenarios(plan: Experiment) -> Iterator[Finding]:
    scenarios = plan.economics.scenarios if plan.economics else ()
    probabilities = [scenario.probability for scenario in scenarios if scenario.probability is not None]
    if probabilities and len(probabilities) == len(scenarios):
        yield from _sum_to_one(
            "probability", ("economics", "scenarios"), [float(share) for share in probabilities]
        )
    yield from _success_metrics(plan)


def _success_metrics(plan: Experiment) -> Iterator[Finding]:
    """Metrics that count successes, and that the plan does not have."""
    economics, known = plan.economics, [metric.id for _, metric in plan.metrics if metric.id]
    if economics is None:
        return
    named: list[tuple[Path, str | None]] = [(("economics",), economics.success_metric)]
    named += [
        (("economics", "scenarios", at), each.success_metric) for at, each in enumerate(economics.scenarios)
    ]
    for path, name in named:
        if name is None or name in known:
            continue
        at: Path = (*path, "success_metric")
        yield Finding(
            at,
            f"successes are counted by `{shown(name)}`, which is no metric of the plan",
            observed=shown(name),
            required="the id of a metric of the plan",
            remedies=[setting(at, guess)] if (guess := nearest(name, known)) else [],
            help="" if guess else "name a metric that the plan declares",
        )


def _none_or_values(key: str, part: Canary | Holdout, values: tuple[str, ...]) -> Iterator[Finding]:
    described = [name for name in values if getattr(part, name) is not None]
    if described:
        names = listing(f"`{name}`" for name in described)
        message = f"the {key} is both declared as none and described by {names}"
        removals = tuple(Removal((key, name)) for name in described)
        ways = [
            removal((key, "none"), price=open_if(f"there is a {key}")),
            Remedy(removals, open_if(f"there is no {key}")),
        ]
        yield Finding((key, "none"), message, "both", "one of the two", remedies=ways)


def _evidence(plan: Experiment) -> Iterator[Finding]:
    for at, stop_rule in enumerate(plan.stop_rules):
        kinds = {
            "probability": stop_rule.probability,
            "significant_harm_for": stop_rule.significant_harm_for,
            "for": stop_rule.for_,
        }
        given = [key for key, value in kinds.items() if value is not None]
        if len(given) < 2:
            continue
        yield Finding(
            ("stop_rules", at, given[-1]),
            f"the stop rule {called(stop_rule.id, 'without an id')} has {len(given)} kinds of evidence, "
            f"{listing(f'`{key}`' for key in given)}; it must have one, or nobody knows which one fires it",
            observed=str(len(given)),
            required="1",
            help="keep one of them, and write another stop rule for the other",
            related=(Related(("stop_rules", at, given[0]), "the other kind of evidence"),),
        )


def _margins(plan: Experiment) -> Iterator[Finding]:
    for path, metric in plan.metrics:
        margin = metric.non_inferiority_margin
        if margin is not None and margin.value < 0:
            name = called(metric.id, "a metric without an id")
            yield Finding(
                (*path, "non_inferiority_margin"),
                f"the margin of {name} is {margin}; a margin is a positive amount of harm, whatever its direction",
                observed=str(margin),
                required="above 0",
                remedies=[setting((*path, "non_inferiority_margin"), margin.text.lstrip("-"))],
            )


def _looks(plan: Experiment) -> Iterator[Finding]:
    looks = plan.statistics.looks if plan.statistics else None
    if looks is None or looks or plan.type in ("rollout", "holdback"):  # those need not be read
        return
    schedule = plan.schedule
    day = day_after(last_day(plan), 1) if schedule and schedule.end else None
    at: Path = ("statistics", "looks")
    once = ": the primary is then read once, on the day after the run"
    yield Finding(
        at,
        "`looks` is an empty list, so the plan says that the primary metric is never read",
        observed="no look",
        required="the days of the looks, or no `looks:`",
        remedies=[*([setting(at, [day.isoformat()])] if day else []), removal(at, once)],
    )


def _looks_in_order(plan: Experiment) -> Iterator[Finding]:
    """Boundaries belong to looks by their order: one that is out of place is a slip, or two plans in one."""
    looks = (plan.statistics.looks if plan.statistics else None) or ()

    def at_instant(look: Moment) -> datetime:
        here = local(plan, look)
        return here.replace(tzinfo=None) if isinstance(here, datetime) else datetime.combine(here, time(0))

    at = next((at for at in range(1, len(looks)) if at_instant(looks[at]) < at_instant(looks[at - 1])), None)
    if at is None:
        return
    in_order = [look.isoformat() for look in sorted(looks, key=at_instant)]
    yield Finding(
        ("statistics", "looks", at),
        f"the look on {looks[at]} is listed after the one on {looks[at - 1]}",
        observed="out of order",
        required="looks in the order of time",
        remedies=[setting(("statistics", "looks"), in_order)],
        related=(Related(("statistics", "looks", at - 1), "listed before it"),),
    )


def _blank_entries(plan: Experiment) -> Iterator[Finding]:
    """Entries of lists that say nothing, and would count as if they did."""
    lists: tuple[tuple[Path, tuple[str, ...]], ...] = (
        (("surfaces",), plan.surfaces or ()),
        (("segments",), plan.segments),
        (("diagnostic_segments",), plan.diagnostic_segments),
        (("links",), plan.links),
        (("decision_rule", "options"), plan.decision_rule.options if plan.decision_rule else ()),
        (("readouts", "audience"), plan.readouts.audience if plan.readouts else ()),
    )
    for path, entries in lists:
        for at, entry in enumerate(entries):
            if not entry.strip():
                message = f"{label((*path, at))} is blank"
                yield Finding((*path, at), message, "nothing", "a text", "write it, or remove the entry")
