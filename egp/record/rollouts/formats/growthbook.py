"""GrowthBook: features as SDKs are sent them, or as the REST API answers, in JSON.

The first rule that a unit falls under decides; what `coverage` leaves out, and what is outside of a namespace, goes on to
the next rule, and in the end to the default value. So an experiment with a coverage of 90 % and two equal variations
serves 45 % and 45 %, and 10 % the default. Weights that do not add up to 1 are replaced by equal ones. A rule hashes
`hashAttribute` with its `seed`, or else with the key of the experiment or the feature. A rule that refers to an
experiment leaves its weights to the experiment.

The second version of the API has the rules of all environments in one list, each with the environments that it is for. Who is in a holdout of
GrowthBook gets none of it: the holdout is a prerequisite of the feature, and shares are shares of the others.

Reads:

```yaml
features:
  pdp_buy_now:
    defaultValue: control
    rules:
      - {key: pdp-buy-now, coverage: 0.9, hashAttribute: id, variations: [control, buy_now], weights: [0.5, 0.5]}
  half:
    defaultValue: false
    rules: [{force: true, coverage: 0.5, hashAttribute: id}, {force: true, condition: {staff: true}}]
  spaced:
    defaultValue: a
    rules: [{key: spaced, hashAttribute: id, variations: [a, b], namespace: [pricing, 0, 0.4]}]
```

As:

```yaml
- flag: pdp_buy_now
  default: control
  audiences: [{unit: id, salt: pdp-buy-now, sticky: true, shares: {control: 55%, buy_now: 45%}}]
- flag: half
  audiences:
    - {condition: '{"staff": true}', shares: {"true": 100%}}
    - {unit: id, salt: half, shares: {"true": 50%, "false": 50%}}
- flag: spaced
  audiences: [{shares: {a: 80%, b: 20%}}]
```

Reads:

```yaml
features:
  - id: pdp_buy_now
    defaultValue: "false"
    environments:
      production:
        enabled: true
        rules: [{type: rollout, value: "true", coverage: 0.1, hashAttribute: id, enabled: true}]
```

As:

```yaml
- flag: pdp_buy_now
  enabled: true
  audiences: [{unit: id, shares: {"true": 10%, "false": 90%}}]
```

Reads:

```yaml
features:
  - id: pdp_buy_now
    defaultValue: "false"
    holdout: {id: hld_2023h1, value: "false"}
    environments: {production: {enabled: true, defaultValue: "false"}, staging: {enabled: true, defaultValue: "false"}}
    rules:
      - {type: force, value: "true", enabled: true, allEnvironments: false, environments: [staging]}
      - {type: rollout, value: "true", coverage: 0.1, hashAttribute: id, enabled: true, allEnvironments: true}
```

As:

```yaml
- flag: pdp_buy_now
  enabled: true
  prerequisites: [hld_2023h1]
  audiences: [{unit: id, shares: {"true": 10%, "false": 90%}}]
```

Not checked, saying "the experiment `exp_1` has the weights":

```yaml
features:
  - id: referring
    defaultValue: a
    environments: {production: {enabled: true, rules: [{type: experiment-ref, experimentId: exp_1, enabled: true}]}}
```
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from egp.plan.quantity import shown
from egp.record.rollouts import chain
from egp.record.rollouts.chain import Claim, Step
from egp.record.rollouts.part import Part
from egp.record.rollouts.reading import RolloutFile, sound_documents
from egp.record.rollouts.rollout import REQUIRED, Rollout, Said, Unread, Weights

READS_TOGETHER = True
"""Whether one file may be needed to read another one."""
WITHDRAWN_BY = "the rule disabled, or the feature in the environment"
SWITCHED_OFF = "false"
"""The word by which the file itself turns a flag off."""


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every feature of the files, in one environment where they tell several apart."""
    unread: list[Unread] = []
    for document in sound_documents(files, unread):
        root = Part(document, document.value)
        features = root.get("features") or root.get("feature")
        if features is None:
            unread.append(Unread(document.path, document.span(()), "it has no `features`"))
            continue
        groups = root.get("savedGroups")
        for name, feature in _features(features):
            yield _rollout(document.path, document.index, environment, name, feature, groups)
    yield from unread


def _features(features: Part) -> Iterator[tuple[Said[str], Part]]:
    """By their ids: of a mapping, of a list, or of the one that stands there alone."""
    own = features.get("id")
    alone = own.said_text() if own and isinstance(own.value, str) else None
    if alone and (features.has("defaultValue") or features.has("environments")):
        yield alone, features
        return
    for name, feature in features.items():
        yield Said(name, feature.key_at), feature
    for feature in features.list():
        key = feature.get("id") or feature.get("key")
        if key is not None and (said := key.said_text()):
            yield said, feature


def _rollout(
    path: str, number: int, environment: str, name: Said[str], feature: Part, groups: Part | None
) -> Rollout:
    has_environments = feature.has("environments")
    place = feature.get("environments", environment) if has_environments else feature
    enabled = place.get("enabled") if place and has_environments else None
    archived = feature.get("archived")
    written = (place.get("defaultValue") if place else None) or feature.get("defaultValue")
    value = _value(written)
    default = Said(value, written.at if written else name.at)
    listed = _rules(feature, place, environment)
    steps = [step for each in listed if (step := _step(name, each, groups))]
    found = chain.audiences(steps, default.value, default.at)
    switched = Said(enabled.value is True, enabled.at) if enabled else None
    if archived is not None and archived.value is True:
        switched = Said(False, archived.at)
    elif has_environments and place is None:
        switched = Said(False, name.at)
    return Rollout(
        format="growthbook",
        path=path,
        document=number,
        flag=name,
        environment=environment,
        enabled=switched,
        default=default,
        prerequisites=tuple(_parents([feature, *([place] if place else []), *listed])),
        values=tuple(_values(listed)),
        terms=tuple(_terms(feature, listed)),
        audiences=found,
        withdrawn_by=WITHDRAWN_BY,
        unread=chain.unread_in(found, path, name.value),
    )


def _rules(feature: Part, place: Part | None, environment: str) -> list[Part]:
    """The rules of an environment: those that lie in it, and those of the feature that are for it."""
    own = place.listed("rules") if place else []
    if place is None or not feature.has("environments"):
        return own
    return [*own, *(each for each in feature.listed("rules") if _is_for(each, environment))]


def _is_for(rule: Part, environment: str) -> bool:
    """Whether a rule holds in an environment; one that names none holds in all."""
    everywhere, named = rule.get("allEnvironments"), rule.get("environments")
    if everywhere is None or everywhere.value is not False:
        return everywhere is not None or named is None or _names(named, environment)
    return named is not None and _names(named, environment)


def _names(named: Part, environment: str) -> bool:
    return any(each.name() == environment for each in named.list())


def _parents(places: Sequence[Part]) -> Iterator[Said[str]]:
    """The features that decide whether this one, or a rule of it, is evaluated; and the holdout that keeps units from it."""
    for place in places:
        held = place.get("holdout", "id")
        if held is not None and (said := held.said_text()):
            yield said
        for key in ("prerequisites", "parentConditions"):
            for each in place.listed(key):
                if said := (each.get("id") or each).said_text():
                    yield said


def _values(rules: Sequence[Part]) -> Iterator[tuple[str, str]]:
    """What the application gets for a variation that has a name of its own."""
    for rule in rules:
        variations = rule.listed("variations")
        for named, value in zip(rule.listed("meta"), variations, strict=False):
            name = named.get("name") or named.get("key")
            if name is not None:
                yield f"{name.name()}", value.as_json()


def _terms(feature: Part, rules: Sequence[Part]) -> Iterator[str]:
    """What the parents have to be, and the dates by which rules come and go."""
    for place in (feature, *rules):
        for key in ("prerequisites", "holdout", "scheduleRules", "minBucketVersion", "bucketVersion"):
            part = place.get(key)
            if part is not None and part.value:
                yield f"{REQUIRED if key in ('prerequisites', 'holdout') else key} {part.as_json()}"


def _step(feature: Said[str], rule: Part, groups: Part | None) -> Step | None:
    """A rule; None for one that is switched off, or that every SDK passes over."""
    step = _rule(feature, rule)
    if step is not None:
        version = rule.get("hashVersion")
        fallback = rule.get("fallbackAttribute")
        step.hashed_by = " ".join(each.as_json() for each in (version, fallback) if each)
        step.means = groups.as_json() if groups and "roup" in step.condition else ""
    return step


def _rule(feature: Said[str], rule: Part) -> Step | None:
    enabled = rule.get("enabled")
    if enabled is not None and enabled.value is False:
        return None
    condition = _condition(rule)
    kind = rule.get("type")
    if kind is not None and kind.value in ("experiment-ref", "safe-rollout"):
        experiment = rule.get("experimentId") or rule.get("safeRolloutId") or kind
        reason = f"the experiment `{shown(experiment.value)}` has the weights"
        return Step(experiment.at, (), condition, unread=reason)
    salt = _salt(feature, rule)
    hashed = rule.get("hashAttribute")
    unit = (hashed.said_text() if hashed else None) or Said("id", rule.at)
    variations = list(_variations(rule))
    forced = rule.get("force") or (rule.get("value") if not variations else None)
    coverage, at = _coverage(rule)
    if coverage is None:
        return Step(
            at.at, (), condition, unread=at.computed or f"the coverage {shown(at.value)} is no number"
        )
    line = f"{unit.value} {salt.value}"
    if rule.has("ranges") or rule.has("range") or rule.has("filters"):
        return _ranged(rule, variations, forced, line, condition, unit, salt)
    if forced is not None or rule.has("force"):
        variant = _value(forced)
        claims = (
            (Claim({line: (0.0, coverage)}, variant, at.at),)
            if coverage < 1
            else chain.everybody(variant, at.at)
        )
        is_hashed = coverage < 1
        return Step(
            at.at,
            claims,
            condition,
            unit=unit if is_hashed else None,
            salt=salt if is_hashed else None,
            sticky=Said(True, unit.at) if is_hashed else None,
        )
    return _experiment(rule, variations, coverage, line, condition, unit, salt) if variations else None


def _ranged(
    rule: Part,
    variations: Sequence[tuple[str, Part, Part | None]],
    forced: Part | None,
    line: str,
    condition: str,
    unit: Said[str],
    salt: Said[str],
) -> Step:
    """A rule whose parts of the line are worked out already, as SDKs are sent them."""
    box: dict[str, tuple[float, float]] = {}
    for each in filters.list() if (filters := rule.get("filters")) else ():
        seed, ends = each.get("seed"), list(_ends(each.get("ranges")))
        if len(ends) != 1:
            return Step(each.at, (), condition, unread="a filter has more than one range")
        box[f"namespace {seed.name() if seed else ''}"] = ends[0]
    ranges, one = rule.get("ranges"), rule.get("range")
    own = list(_ends(ranges)) if ranges else list(_ends_of(one)) if one else []
    if not own and (ranges or one or not box):
        return Step(rule.at, (), condition, unread="its ranges are no pairs of numbers")
    named = [each[0] for each in variations] if ranges else [_value(forced)]
    if not own:
        own = [(0.0, 1.0)] * len(named)
        if variations:
            return Step(rule.at, (), condition, unread="it has filters, and no ranges")
    at = (ranges or one or rule).at
    pairs = zip(named, own, strict=False)
    claims = tuple(Claim({**box, line: ends}, variant, at) for variant, ends in pairs)
    return Step(at, claims, condition, unit, salt, Said(True, unit.at))


def _ends(ranges: Part | None) -> Iterator[tuple[float, float]]:
    for each in ranges.list() if ranges else ():
        yield from _ends_of(each)


def _ends_of(part: Part) -> Iterator[tuple[float, float]]:
    numbers = [each.number() for each in part.list()]
    if len(numbers) == 2 and numbers[0] is not None and numbers[1] is not None:
        low, high = (min(1.0, max(0.0, each)) for each in (numbers[0], numbers[1]))
        yield low, max(low, high)


def _experiment(
    rule: Part,
    variations: Sequence[tuple[str, Part, Part | None]],
    coverage: float,
    line: str,
    condition: str,
    unit: Said[str],
    salt: Said[str],
) -> Step:
    space = _namespace(rule)
    if space is None:
        part = rule.get("namespace") or rule
        return Step(part.at, (), condition, unread="its namespace is no [name, from, to]")
    name, low, high = space
    box = {f"namespace {name}": (low, high)} if name else {}
    weights = [each[2].number() if each[2] else None for each in variations]
    place = variations[0][2] or rule
    total = sum(each or 0.0 for each in weights)
    is_stated = all(each is not None for each in weights)
    is_sound = is_stated and 0.99 <= total <= 1.01
    if any(each[2] is not None and each[2].computed for each in variations):
        return Step(place.at, (), condition, unread="a weight is filled in elsewhere")
    claims, start = [], 0.0
    for (variant, value, written), stated in zip(variations, weights, strict=True):
        weight = (stated or 0.0) if is_sound else 1 / len(variations)
        at = (written or value).at
        claims.append(Claim({**box, line: (start, start + coverage * weight)}, variant, at))
        start += weight
    summed = Weights(total, 1.0, place.at, "other weights are replaced by equal ones") if is_stated else None
    return Step(place.at, tuple(claims), condition, unit, salt, Said(True, unit.at), summed)


def _variations(rule: Part) -> Iterator[tuple[str, Part, Part | None]]:
    """(variant, its value, its weight) of an experiment; weights that are left out are equal."""
    plain, weights = rule.get("variations"), rule.get("weights")
    listed = list(weights.list()) if weights else []
    names = [each.get("name") or each.get("key") for each in rule.listed("meta")]
    if plain is not None:
        values = list(plain.list())
        for position, each in enumerate(values):
            weight = listed[position] if len(listed) == len(values) else None
            named = names[position] if position < len(names) else None
            yield (named.name() if named and named.name() else _value(each)) or "", each, weight
        return
    valued = rule.get("values") or rule.get("value")
    for each in valued.list() if valued else ():
        value = each.get("value")
        if value is not None:
            yield _value(value), value, each.get("weight")


def _coverage(rule: Part) -> tuple[float | None, Part]:
    coverage = rule.get("coverage")
    if coverage is None:
        value = rule.get("force") or rule.get("value") or rule
        return 1.0, value
    number = coverage.number()
    return (None if number is None else min(1.0, max(0.0, number))), coverage


def _namespace(rule: Part) -> tuple[str, float, float] | None:
    """(name, from, to) of the units that an experiment may take; a name that is empty where it has all of them."""
    space = rule.get("namespace")
    if space is None:
        return "", 0.0, 1.0
    if isinstance(space.value, list):
        parts = list(space.list())
        ends = [each.number() for each in parts[1:3]]
        name = parts[0].name() if parts else None
    else:
        enabled = space.get("enabled")
        if enabled is not None and enabled.value is False:
            return "", 0.0, 1.0
        named, range_ = space.get("name"), space.get("range")
        ends = [each.number() for each in (range_.list() if range_ else ())]
        name = named.name() if named else None
    if not name or len(ends) != 2 or None in ends:
        return None
    low, high = (min(1.0, max(0.0, each or 0.0)) for each in ends)
    return name, low, high


def _salt(feature: Said[str], rule: Part) -> Said[str]:
    for key in ("seed", "key", "trackingKey"):
        part = rule.get(key)
        if part is not None and (said := part.said_text()) and said.value:
            return said
    return feature


def _condition(rule: Part) -> str:
    """Whom a rule is for; empty for everybody."""
    said = []
    for key in ("condition", "savedGroups", "savedGroupTargeting", "parentConditions", "prerequisites"):
        part = rule.get(key)
        if part is not None and part.value not in ({}, [], "", "{}"):
            value = part.value
            said.append(
                value
                if isinstance(value, str)
                else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
            )
    return " and ".join(said)


def _value(part: Part | None) -> str:
    if part is None:
        return "null"
    name = part.name()
    return (
        name if name is not None else json.dumps(part.value, ensure_ascii=False, sort_keys=True, default=str)
    )
