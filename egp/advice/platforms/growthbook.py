"""GrowthBook: the CSV that its results page exports, the results and the experiments of its REST API.

Columns and keys are those of its public sources: `ResultsDownloadButton`, and the OpenAPI schemas `ExperimentResults` and
`Experiment`. A `stddev` there is that of a unit.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.advice.platforms import Arm, Begun, Export, PlatformError
from egp.advice.platforms.values import PlatformValue, as_id, parsed_json, records
from egp.plan.quantity import shown
from egp.plan.wording import share_in_plan

_READ = (
    "what is read is its CSV with the columns metric, variation, users and totalValue, or the JSON of its API"
)
_COLUMNS = {"metric", "variation", "users", "totalValue"}


def results(text: str) -> Export:
    """Raises PlatformError."""
    value = parsed_json(text)
    if value is not None:
        return _of_api(value.get("result") or value)
    rows = records(text)
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
        numbers = map(
            PlatformValue(row).number, ("users", "totalValue", "perUserValue", "perUserValueStdDev")
        )
        _add(found, row["metric"], row["variation"], *numbers)
    return found


def _of_api(value: PlatformValue) -> Export:
    found = Export(through=value.day("dateEnd"), taken=value.instant("dateUpdated"))
    parts = value.items("results")
    if not parts:
        raise PlatformError("this is no file of results of GrowthBook", _READ)
    if len(parts) > 1 or value.get("dimension").text("type"):
        found.unmapped.append("a dimension, of which each result is a part: take the results without one")
        return found
    for metric in parts[0].items("metrics"):
        for variation in metric.items("variations"):
            analyses = variation.items("analyses")
            name = metric.text("metricId")
            if not analyses:
                found.unmapped.append(f"{shown(name)}, of which a variation has no analysis")
                continue
            numbers = map(analyses[0].number, ("numerator", "mean", "stddev"))
            _add(found, name, variation.text("variationId"), variation.number("users"), *numbers)
    return found


def _add(
    found: Export,
    metric: str,
    variant: str,
    units: float | None,
    total: float | None,
    mean: float | None,
    spread: float | None,
) -> None:
    if units is None or (mean is None and total is None):
        found.unmapped.append(
            f"{shown(metric)} of {shown(variant)}, which has no number of users or no value"
        )
        return
    found.arms.append(Arm(metric, variant, units, mean, total, std_dev=spread))


_BANDITS = ("multi-armed-bandit", "contextual-bandit")


def experiment(value: object) -> Begun:
    """Raises PlatformError."""
    whole = PlatformValue(value)
    stated = whole.get("experiment") or whole
    variations, phases = stated.items("variations"), stated.items("phases")
    if not variations:
        raise PlatformError(
            "this is no experiment of GrowthBook",
            "what is read is the JSON of its API, with `variations` and `phases`",
        )
    begun = Begun(id=as_id(stated.text("trackingKey") or stated.text("name") or stated.text("id")))
    _words(begun, stated)
    if stated.text("type") in _BANDITS:
        begun.stated["design"] = "bandit"
    phase = phases[-1] if phases else PlatformValue(None)
    _split(begun, variations, phase)
    _phase(begun, phase)
    settings = stated.get("settings")
    begun.metrics = list(_ids(settings, "goals"))
    begun.secondary, begun.guardrails = (
        list(_ids(settings, "secondaryMetrics")),
        list(_ids(settings, "guardrails")),
    )
    if len(phases) > 1:
        begun.unmapped.append(f"{len(phases) - 1} earlier phases, of which egp's plan has none")
    return begun


def _words(begun: Begun, stated: PlatformValue) -> None:
    for key, name in (("name", "title"), ("hypothesis", "hypothesis")):
        if words := stated.text(key):
            begun.answers[name] = words
    if unit := stated.text("hashAttribute"):
        begun.stated["unit"] = unit
    if flag := stated.text("trackingKey"):
        begun.answers["flag"] = flag
    if owner := stated.text("owner"):
        begun.unmapped.append(f"the owner {shown(owner)}, who may be a person: name a role or a handle")


def _split(begun: Begun, variations: list[PlatformValue], phase: PlatformValue) -> None:
    weights = {each.text("variationId"): each.number("weight") for each in phase.items("trafficSplit")}
    variants: list[dict[str, object]] = []
    for at, each in enumerate(variations):
        weight = weights.get(each.text("variationId"))
        variants.append({
            "id": each.text("key") or each.text("name") or str(at),
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


def _phase(begun: Begun, phase: PlatformValue) -> None:
    schedule: dict[str, object] = {}
    for key, name in (("dateStarted", "start"), ("dateEnded", "end")):
        if found := phase.day(key):
            schedule[name] = found.isoformat()
    coverage = phase.number("coverage")
    if coverage is not None and 0 < coverage <= 1:
        schedule["exposure"] = share_in_plan(coverage)
    begun.stated["schedule"] = schedule
    condition = phase.text("targetingCondition")
    if condition and condition != "{}":
        begun.stated["population"] = {"where": {"targetingCondition": condition}, "known": None}
    if phase.items("savedGroupTargeting"):
        begun.unmapped.append(
            "saved groups, of which the file has ids alone: say in `population.where` who is in them"
        )
    if namespace := phase.get("namespace").text("namespaceId"):
        begun.answers["layer"] = namespace


def _ids(settings: PlatformValue, key: str) -> Iterator[str]:
    for each in settings.items(key):
        if name := each.text("metricId"):
            yield name
