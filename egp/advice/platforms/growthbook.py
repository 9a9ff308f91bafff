"""GrowthBook: the CSV that its results page exports, the results and the experiments of its REST API.

Columns and keys are those of its public sources: `ResultsDownloadButton`, and the OpenAPI schemas `ExperimentResults` and
`Experiment`. A `stddev` there is that of a unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from egp.advice.platforms import (
    Arm,
    Begun,
    Export,
    PlatformError,
    as_id,
    day,
    instant,
    items,
    mapping,
    number,
    parsed_json,
    records,
    text_of,
)
from egp.plan.quantity import shown
from egp.plan.wording import share_in_plan

_READ = (
    "what is read is its CSV with the columns metric, variation, users and totalValue, or the JSON of its API"
)
_COLUMNS = {"metric", "variation", "users", "totalValue"}


def results(text: str) -> Export:
    """Raises PlatformError."""
    value = parsed_json(text)
    if isinstance(value, dict):
        return _of_api(mapping(value.get("result")) or value)
    rows = list(records(text))
    if not rows or not rows[0].keys() >= _COLUMNS:
        raise PlatformError("this is no file of results of GrowthBook", _READ)
    found = Export()
    known = {"metric", "variation", "riskOfChoosing", "users", "totalValue", "perUserValue"}
    first = next(iter(rows[0]))
    if first not in known:
        found.unmapped.append(
            f"the dimension {shown(first)}, of which each row is a part: export without one"
        )
        return found
    for row in rows:
        _add(
            found,
            row["metric"],
            row["variation"],
            row,
            ("users", "totalValue", "perUserValue", "perUserValueStdDev"),
        )
    return found


def _of_api(value: Mapping[str, Any]) -> Export:
    found = Export(through=day(value.get("dateEnd")), taken=instant(value.get("dateUpdated")))
    parts = items(value.get("results"))
    if not parts:
        raise PlatformError("this is no file of results of GrowthBook", _READ)
    if len(parts) > 1 or text_of(mapping(value.get("dimension")).get("type")):
        found.unmapped.append("a dimension, of which each result is a part: take the results without one")
        return found
    for metric in items(parts[0].get("metrics")):
        for variation in items(metric.get("variations")):
            analyses = items(variation.get("analyses"))
            name = text_of(metric.get("metricId"))
            if not analyses:
                found.unmapped.append(f"{shown(name)}, of which a variation has no analysis")
                continue
            stated = {**analyses[0], "users": variation.get("users")}
            _add(
                found,
                name,
                text_of(variation.get("variationId")),
                stated,
                ("users", "numerator", "mean", "stddev"),
            )
    return found


def _add(
    found: Export, metric: str, variant: str, stated: Mapping[str, Any], keys: tuple[str, str, str, str]
) -> None:
    units, total, mean, spread = (number(stated.get(key)) for key in keys)
    if units is None or (mean is None and total is None):
        found.unmapped.append(
            f"{shown(metric)} of {shown(variant)}, which has no number of users or no value"
        )
        return
    found.arms.append(Arm(metric, variant, units, mean, total, std_dev=spread))


_BANDITS = ("multi-armed-bandit", "contextual-bandit")


def experiment(value: object) -> Begun:
    """Raises PlatformError."""
    whole = mapping(value)
    stated = mapping(whole.get("experiment")) or whole
    variations, phases = items(stated.get("variations")), items(stated.get("phases"))
    if not variations:
        raise PlatformError(
            "this is no experiment of GrowthBook",
            "what is read is the JSON of its API, with `variations` and `phases`",
        )
    begun = Begun(
        id=as_id(
            text_of(stated.get("trackingKey")) or text_of(stated.get("name")) or text_of(stated.get("id"))
        )
    )
    _words(begun, stated)
    if text_of(stated.get("type")) in _BANDITS:
        begun.stated["design"] = "bandit"
    phase = phases[-1] if phases else {}
    _split(begun, variations, phase)
    _phase(begun, phase)
    settings = mapping(stated.get("settings"))
    begun.metrics = list(_ids(settings, "goals"))
    begun.secondary, begun.guardrails = (
        list(_ids(settings, "secondaryMetrics")),
        list(_ids(settings, "guardrails")),
    )
    if len(phases) > 1:
        begun.unmapped.append(f"{len(phases) - 1} earlier phases, of which egp's plan has none")
    return begun


def _words(begun: Begun, stated: Mapping[str, Any]) -> None:
    for key, name in (("name", "title"), ("hypothesis", "hypothesis")):
        if words := text_of(stated.get(key)):
            begun.answers[name] = words
    if unit := text_of(stated.get("hashAttribute")):
        begun.stated["unit"] = unit
    if flag := text_of(stated.get("trackingKey")):
        begun.answers["flag"] = flag
    if owner := text_of(stated.get("owner")):
        begun.unmapped.append(f"the owner {shown(owner)}, who may be a person: name a role or a handle")


def _split(begun: Begun, variations: list[Mapping[str, Any]], phase: Mapping[str, Any]) -> None:
    weights = {
        text_of(each.get("variationId")): number(each.get("weight"))
        for each in items(phase.get("trafficSplit"))
    }
    variants: list[dict[str, object]] = []
    for at, each in enumerate(variations):
        weight = weights.get(text_of(each.get("variationId")))
        variants.append({
            "id": text_of(each.get("key")) or text_of(each.get("name")) or str(at),
            "weight": None if weight is None else _share(weight, len(variations)),
            **({"control": True} if at == 0 else {}),
        })  # fmt: skip
    begun.stated["variants"] = variants
    begun.unmapped.append(
        f"which variation is the control: {shown(str(variants[0]['id']))} is the first, and taken for it"
    )


def _share(weight: float, parts: int) -> str:
    """Equal parts are what decimals of GrowthBook round: 0.3334, 0.3333, 0.3333."""
    return f"1/{parts}" if parts > 2 and abs(weight - 1 / parts) < 5e-4 else share_in_plan(weight)


def _phase(begun: Begun, phase: Mapping[str, Any]) -> None:
    schedule: dict[str, object] = {}
    for key, name in (("dateStarted", "start"), ("dateEnded", "end")):
        if found := day(phase.get(key)):
            schedule[name] = found.isoformat()
    coverage = number(phase.get("coverage"))
    if coverage is not None and 0 < coverage <= 1:
        schedule["exposure"] = share_in_plan(coverage)
    begun.stated["schedule"] = schedule
    condition = text_of(phase.get("targetingCondition"))
    if condition and condition != "{}":
        begun.stated["population"] = {"where": {"targetingCondition": condition}, "known": None}
    if items(phase.get("savedGroupTargeting")):
        begun.unmapped.append(
            "saved groups, of which the file has ids alone: say in `population.where` who is in them"
        )
    if namespace := text_of(mapping(phase.get("namespace")).get("namespaceId")):
        begun.answers["layer"] = namespace


def _ids(settings: Mapping[str, Any], key: str) -> Iterator[str]:
    for each in items(settings.get(key)):
        if name := text_of(each.get("metricId")):
            yield name
