"""Mozilla Nimbus: the recipe of an experiment. Keys are those of its public schema, `NimbusExperiment`."""

from __future__ import annotations

from egp.advice.platforms import Begun, PlatformError
from egp.advice.platforms.values import PlatformValue, as_id, last_of
from egp.plan.quantity import shown
from egp.plan.wording import counted, share_in_plan


def experiment(value: object) -> Begun:
    """Raises PlatformError."""
    recipe = PlatformValue(value)
    branches = recipe.items("branches")
    if not branches or not recipe.text("slug"):
        raise PlatformError(
            "this is no recipe of Nimbus", "what is read is its JSON, with `slug` and `branches`"
        )
    begun = Begun(id=as_id(recipe.text("slug")))
    for key, name in (("userFacingName", "title"), ("userFacingDescription", "hypothesis")):
        if words := recipe.text(key):
            begun.answers[name] = words
    begun.unmapped.append("the hypothesis, of which a recipe has only what users read")
    features = recipe.texts("featureIds")
    if features:
        begun.answers["flag"] = features[0]
        if features[1:]:
            begun.stated["flags"] = features[1:]
    bucket = recipe.get("bucketConfig")
    begun.stated["unit"] = bucket.text("randomizationUnit") or "client"
    _branches(begun, branches, recipe.text("referenceBranch"))
    _population(begun, recipe)
    _schedule(begun, recipe, bucket)
    outcomes = recipe.items("outcomes")
    begun.metrics = [each.text("slug") for each in outcomes if each.raw("priority") == "primary"]
    begun.secondary = [each.text("slug") for each in outcomes if each.raw("priority") != "primary"]
    if begun.metrics:
        begun.unmapped.append(
            "outcomes, each of which is a file with several metrics: name the one that decides"
        )
    return begun


def _branches(begun: Begun, branches: list[PlatformValue], reference: str) -> None:
    ratios = [each.number("ratio") or 0.0 for each in branches]
    whole = sum(ratios)
    begun.stated["variants"] = [
        {
            "id": each.text("slug"),
            "weight": _weight(ratio, whole),
            **({"control": True} if each.text("slug") == reference else {}),
        }
        for each, ratio in zip(branches, ratios, strict=True)
    ]
    if not any(each.text("slug") == reference for each in branches):
        begun.unmapped.append("which branch is the control: no branch is the `referenceBranch`")


def _weight(ratio: float, whole: float) -> str | None:
    if not whole:
        return None
    is_exact = float(ratio).is_integer() and float(whole).is_integer() and whole < 10_000
    return f"{int(ratio)}/{int(whole)}" if is_exact and whole > 2 else share_in_plan(ratio / whole)


def _population(begun: Begun, recipe: PlatformValue) -> None:
    where: dict[str, object] = {key: recipe.text(key) for key in ("appName", "channel") if recipe.text(key)}
    for key in ("countries", "locales", "languages"):
        named = recipe.texts(key)
        if named:
            where[key] = named
    targeting = recipe.text("targeting")
    if targeting not in ("", "true"):
        where["targeting"] = targeting
    if where:
        begun.stated["population"] = {"where": where, "known": None}


def _schedule(begun: Begun, recipe: PlatformValue, bucket: PlatformValue) -> None:
    schedule: dict[str, object] = {}
    start = recipe.day("startDate")
    enrolment, lasting = recipe.number("proposedEnrollment"), recipe.number("proposedDuration")
    if start:
        schedule["start"] = start.isoformat()
        end = recipe.day("endDate") or last_of(start, lasting)
        closed = recipe.day("enrollmentEndDate") or last_of(start, enrolment)
        if end:
            schedule["end"] = end.isoformat()
        if closed and (end is None or closed < end):
            schedule["enrolment_end"] = closed.isoformat()
    elif lasting:
        begun.unmapped.append(f"a run of {counted(lasting, 'day')}, since the recipe has no start")
    count, total = bucket.number("count"), bucket.number("total")
    if count and total and count <= total:
        schedule["exposure"] = share_in_plan(count / total)
    if namespace := bucket.text("namespace"):
        begun.answers["layer"] = namespace
    begun.stated["schedule"] = schedule
    if recipe.raw("isRollout") is True:
        begun.unmapped.append(f"that {shown(begun.id)} is a rollout: begin it with --type rollout")
