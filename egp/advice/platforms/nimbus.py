"""Mozilla Nimbus: the recipe of an experiment. Keys are those of its public schema, `NimbusExperiment`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from egp.advice.platforms import (
    Begun,
    PlatformError,
    as_id,
    day,
    items,
    last_of,
    mapping,
    number,
    text_of,
    texts,
)
from egp.plan.quantity import shown
from egp.plan.wording import counted, share_in_plan


def experiment(value: object) -> Begun:
    """Raises PlatformError."""
    recipe = mapping(value)
    branches = items(recipe.get("branches"))
    if not branches or not text_of(recipe.get("slug")):
        raise PlatformError(
            "this is no recipe of Nimbus", "what is read is its JSON, with `slug` and `branches`"
        )
    begun = Begun(id=as_id(text_of(recipe["slug"])))
    for key, name in (("userFacingName", "title"), ("userFacingDescription", "hypothesis")):
        if words := text_of(recipe.get(key)):
            begun.answers[name] = words
    begun.unmapped.append("the hypothesis, of which a recipe has only what users read")
    features = texts(recipe.get("featureIds"))
    if features:
        begun.answers["flag"] = features[0]
        if features[1:]:
            begun.stated["flags"] = features[1:]
    bucket = mapping(recipe.get("bucketConfig"))
    begun.stated["unit"] = text_of(bucket.get("randomizationUnit")) or "client"
    _branches(begun, branches, text_of(recipe.get("referenceBranch")))
    _population(begun, recipe)
    _schedule(begun, recipe, bucket)
    outcomes = items(recipe.get("outcomes"))
    begun.metrics = [text_of(each.get("slug")) for each in outcomes if each.get("priority") == "primary"]
    begun.secondary = [text_of(each.get("slug")) for each in outcomes if each.get("priority") != "primary"]
    if begun.metrics:
        begun.unmapped.append(
            "outcomes, each of which is a file with several metrics: name the one that decides"
        )
    return begun


def _branches(begun: Begun, branches: list[Mapping[str, Any]], reference: str) -> None:
    ratios = [number(each.get("ratio")) or 0.0 for each in branches]
    whole = sum(ratios)
    begun.stated["variants"] = [
        {
            "id": text_of(each.get("slug")),
            "weight": _weight(ratio, whole),
            **({"control": True} if text_of(each.get("slug")) == reference else {}),
        }
        for each, ratio in zip(branches, ratios, strict=True)
    ]
    if not any(text_of(each.get("slug")) == reference for each in branches):
        begun.unmapped.append("which branch is the control: no branch is the `referenceBranch`")


def _weight(ratio: float, whole: float) -> str | None:
    if not whole:
        return None
    is_exact = float(ratio).is_integer() and float(whole).is_integer() and whole < 10_000
    return f"{int(ratio)}/{int(whole)}" if is_exact and whole > 2 else share_in_plan(ratio / whole)


def _population(begun: Begun, recipe: Mapping[str, Any]) -> None:
    where: dict[str, object] = {
        key: text_of(recipe.get(key)) for key in ("appName", "channel") if text_of(recipe.get(key))
    }
    for key in ("countries", "locales", "languages"):
        named = texts(recipe.get(key))
        if named:
            where[key] = named
    targeting = text_of(recipe.get("targeting"))
    if targeting not in ("", "true"):
        where["targeting"] = targeting
    if where:
        begun.stated["population"] = {"where": where, "known": None}


def _schedule(begun: Begun, recipe: Mapping[str, Any], bucket: Mapping[str, Any]) -> None:
    schedule: dict[str, object] = {}
    start = day(recipe.get("startDate"))
    enrolment, lasting = number(recipe.get("proposedEnrollment")), number(recipe.get("proposedDuration"))
    if start:
        schedule["start"] = start.isoformat()
        end = day(recipe.get("endDate")) or last_of(start, lasting)
        closed = day(recipe.get("enrollmentEndDate")) or last_of(start, enrolment)
        if end:
            schedule["end"] = end.isoformat()
        if closed and (end is None or closed < end):
            schedule["enrolment_end"] = closed.isoformat()
    elif lasting:
        begun.unmapped.append(f"a run of {counted(lasting, 'day')}, since the recipe has no start")
    count, total = number(bucket.get("count")), number(bucket.get("total"))
    if count and total and count <= total:
        schedule["exposure"] = share_in_plan(count / total)
    if namespace := text_of(bucket.get("namespace")):
        begun.answers["layer"] = namespace
    begun.stated["schedule"] = schedule
    if recipe.get("isRollout") is True:
        begun.unmapped.append(f"that {shown(begun.id)} is a rollout: begin it with --type rollout")
