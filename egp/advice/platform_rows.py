"""From a platform's results to rows that the gate reads: what the numbers allow, and in words what they do not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from egp.advice.platforms import PlatformError
from egp.plan.analysis.days import whole_days
from egp.plan.analysis.registered import PRIMARY, has_primary_test, uses_covariate
from egp.plan.analysis.registered_test import columns_of
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import counted, listing
from egp.yaml.written import written

if TYPE_CHECKING:
    from egp.advice.platforms import Arm, Export
    from egp.plan.experiment import Experiment, Metric

WHOLE = 0.01
"""How far a count that was multiplied out may miss a whole number."""
LIKE = 1e-6
"""How far a mean may lie from the total over the units."""


class CannotTell(Exception):
    """Why an arm is no row."""


@dataclass(slots=True)
class PlatformRows:
    """What an export came to."""

    rows: list[dict[str, object]] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)
    """What the gate cannot judge by these rows."""


def rows_from(export: Export, plan: Experiment, through: date, named: Mapping[str, str]) -> PlatformRows:
    """Total rows of the test. ``named`` says which metric or variant of the plan a name of the platform is."""
    found = PlatformRows(unmapped=list(export.unmapped))
    metrics = {metric.name: metric for _, metric in plan.metrics if metric.id}
    variants = [str(variant.id) for variant in plan.variants or () if variant.id]
    meant = {**_aliases(plan), **named}
    for arm in export.arms:
        metric, variant = _meant(arm.metric, metrics, meant), _meant(arm.variant, variants, meant)
        if not metric or not variant:
            what = f"the metric {shown(arm.metric)}" if not metric else f"the variant {shown(arm.variant)}"
            _say(
                found.unmapped,
                f"{what}, which the plan does not have: --name '{shown(arm.metric if not metric else arm.variant)}=ID' says what it is",
            )
            continue
        try:
            cells = _cells(arm, plan, metrics[metric])
        except CannotTell as why:
            _say(found.unmapped, f"{shown(arm.metric)}, since {why}")
            continue
        head = {"stage": "test", "window": "total", "variant": variant, "metric": metric}
        found.rows.append({**head, **cells, "through": through.isoformat()})
    found.unjudged = list(_unjudged(plan, {str(row["metric"]) for row in found.rows}))
    return found


def _say(sentences: list[str], sentence: str) -> None:
    if sentence not in sentences:
        sentences.append(sentence)


def _aliases(plan: Experiment) -> dict[str, str]:
    """`control` and `test` of platforms that compare two groups."""
    controls = [str(each.id) for each in plan.variants or () if each.id and each.control]
    treatments = [str(each.id) for each in plan.variants or () if each.id and not each.control]
    found = {"control": controls[0]} if len(controls) == 1 else {}
    return {**found, "test": treatments[0]} if len(treatments) == 1 else found


def _meant(name: str, known: Collection[str], meant: Mapping[str, str]) -> str:
    """The id of the plan that a name is; empty for one that it does not have."""
    if meant.get(name) in known:
        return meant[name]
    if name in known:
        return name
    alike = [each for each in known if _plain(each) == _plain(name.partition("::")[0])]
    return alike[0] if len(alike) == 1 else ""


def _plain(name: str) -> str:
    return "".join(each for each in name.casefold() if each.isalnum())


def _cells(arm: Arm, plan: Experiment, metric: Metric) -> dict[str, object]:
    """The columns of a row. Raises CannotTell."""
    if arm.units < 1 or abs(arm.units - round(arm.units)) > WHOLE:
        raise CannotTell(f"{arm.units:g} is no number of units")
    if metric.kind is None:
        raise CannotTell("the plan does not say its kind")
    units = round(arm.units)
    columns = columns_of(plan, metric)
    if columns == "sums":
        raise CannotTell("a ratio takes the sums of its denominator, too, which the file does not have")
    if columns == "stated":
        return {"units": units, **_stated(arm, metric)}
    mean = arm.mean if arm.mean is not None else (arm.total or 0.0) / units
    if arm.total is not None and abs(arm.total / units - mean) > LIKE * max(abs(mean), LIKE):
        raise CannotTell("its mean is not its total over the units: it is adjusted, or a ratio")
    total = arm.total if arm.total is not None else mean * units
    if columns == "counts":
        if abs(total - round(total)) > WHOLE or not 0 <= round(total) <= units:
            raise CannotTell(
                f"{total:.6g} of {units:,} is no number of units: its values are adjusted or capped, or no share"
            )
        return {"units": units, "sum": round(total)}
    variance = _variance(arm, units)
    return {"units": units, "sum": total, "sum_squares": (units - 1) * variance + units * mean**2}


def _variance(arm: Arm, units: int) -> float:
    """Of a unit's values: by their standard deviation, or by the standard error of the mean."""
    if arm.std_dev is not None:
        return arm.std_dev**2
    if arm.standard_error is not None:
        return arm.standard_error**2 * units
    raise CannotTell("the file has neither a standard deviation nor a standard error of it")


def _stated(arm: Arm, metric: Metric) -> dict[str, object]:
    if metric.baseline is not None and metric.baseline.unit == "s":
        raise CannotTell("the file does not say in which unit of time it is")
    if arm.mean is None or arm.standard_error is None:
        raise CannotTell("a quantile takes its standard error, which the file does not have")
    return {"value": arm.mean, "standard_error": arm.standard_error}


def _unjudged(plan: Experiment, there: set[str]) -> Iterator[str]:
    waiting = [metric.name for _, metric in plan.metrics if metric.name in there and _waits(metric)]
    if waiting:
        yield f"{listing(map(shown, waiting))}, whose outcomes take time: a total does not tell which have matured"
    primary = plan.primary_metric
    if primary is not None and has_primary_test(plan) and _is_adjusted(plan, primary):
        yield f"{shown(primary.id)} as it is registered, adjusted by CUPED: no export has the sums of the covariate"
    absent = [
        metric.name
        for path, metric in plan.metrics
        if path[0] != "secondary_metrics" and metric.name not in there
    ]
    if absent:
        yield f"{listing(map(shown, absent))}, of which the file has no row"
    by_time = [
        rule.id or ""
        for rule in plan.stop_rules
        if rule.for_ is not None or rule.significant_harm_for is not None
    ]
    if by_time:
        yield f"the stop rules {listing(map(shown, by_time))}, which count days and weeks"
    yield "whether harm lasts for two weeks, whether an effect is a novelty, and whether a treatment fell silent: they take rows by week and day"


def _waits(metric: Metric) -> bool:
    return metric.kind != "quantile" and bool(metric.outcome_window and whole_days(metric.outcome_window))


def _is_adjusted(plan: Experiment, primary: Metric) -> bool:
    try:
        return uses_covariate(plan, primary, PRIMARY)
    except NotChecked:
        return False


def results_text(found: PlatformRows, plan: Experiment, source: str, taken: datetime) -> str:
    """The results file. Raises PlatformError where nothing of the export is a row."""
    if not found.rows:
        raise PlatformError("nothing in the file is a row of the plan", "; ".join(found.unmapped))
    lines = [f"# Results of {source}, all units together. Nothing here is more than the file says."]
    lines += [f"# {sentence}" for sentence in sentences(found)]
    lines += [f"experiment: {written(plan.name)}", f"as_of: {written(taken.isoformat())}", "rows:"]
    lines += [f"  - {written(row)}" for row in found.rows]
    return "\n".join(lines) + "\n"


def sentences(found: PlatformRows) -> Iterator[str]:
    """What became of the file."""
    yield counted(len(found.rows), "row")
    yield from (f"not mapped: {each}" for each in found.unmapped)
    yield from (f"not judged by these rows: {each}" for each in found.unjudged)
