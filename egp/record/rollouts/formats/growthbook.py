"""GrowthBook: features as SDKs are sent them, or as the REST API answers, in JSON.

The first rule that a unit falls under decides; what `coverage` leaves out, and what is outside of a namespace, goes on to
the next rule, and in the end to the default value. So an experiment with a coverage of 90 % and two equal variations
serves 45 % and 45 %, and 10 % the default. Weights that do not add up to 1 are replaced by equal ones. A rule hashes
`hashAttribute` with its `seed`, or else with the key of the experiment or the feature. A rule that refers to an
experiment leaves its weights to the experiment.

Where a unit is by one seed says nothing of where it is by another one, and shares of rules in a row are products, with one exception. The first version
of the hash, which a rule has that does not say `hashVersion: 2`, appends the seed to the unit. FNV-1a of one text with two different appendages of one length differs by an
amount that the lowest byte alone decides. So two seeds of one length are dependent: the rules `a` and `b` below serve 64.3 % where
independence makes 65 % of it. Such shares are not checked; of the two, one rule gets `hashVersion: 2`, or a seed of another length. A namespace
hashes by the first version as well, with its name behind `__`. The same holds of a feature and one that it requires.

A variation that `meta` marks with `passthrough` is no end: its units go on to the next rule, as those do whom a holdout does not keep.

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
  held:
    defaultValue: a
    rules:
      - {key: hld, hashVersion: 2, hashAttribute: id, coverage: 1, variations: [a, b], weights: [0.1, 0.9], meta: [{}, {passthrough: true}]}
      - {key: held, hashVersion: 2, hashAttribute: id, variations: [a, b], weights: [0.5, 0.5]}
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
- flag: held
  audiences: [{shares: {a: 55%, b: 45%}}]
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

Not checked, saying "rule 1 and rule 2 hash id by version 1 with seeds of one length, a and b":

```yaml
features:
  alike:
    defaultValue: control
    rules:
      - {key: a, coverage: 0.5, hashAttribute: id, variations: [control, buy_now], weights: [0.5, 0.5]}
      - {key: b, hashAttribute: id, variations: [control, buy_now], weights: [0.2, 0.8]}
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
from collections.abc import Iterator, Mapping, Sequence

from egp.plan.quantity import shown
from egp.record.rollouts import chain
from egp.record.rollouts.chain import ChainedRule, Claim
from egp.record.rollouts.filled_in import unless_filled_in
from egp.record.rollouts.part import Part
from egp.record.rollouts.reading import RolloutFile, sound_documents
from egp.record.rollouts.rollout import REQUIRED, Audience, Rollout, Said, Unread, Weights
from egp.stats.values import NamedTuple

READS_TOGETHER = True
"""Whether one file may be needed to read another one."""
WITHDRAWN_BY = "the rule disabled, or the feature in the environment"
SWITCHED_OFF = "false"
"""The word by which the file itself turns a flag off."""


_ENCRYPTED = ("encryptedFeatures", "encryptedSavedGroups")
"""What an SDK that has the key reads in place of what stands beside it."""

_PAYLOAD = frozenset(
    (
        "defaultValue",
        "force",
        "value",
        "values",
        "variations",
        "meta",
        "condition",
        "description",
        "name",
        "owner",
        "tags",
        "project",
    )
)
"""Keys of a feature below which texts are what an application gets, whom a rule is for, or for people."""


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every feature of the files, in one environment where they tell several apart."""
    unread: list[Unread] = []
    found: list[_Feature] = []
    for document in sound_documents(files, unread):
        root = Part(document, document.value)
        hidden = [part for key in _ENCRYPTED if (part := root.get(key)) and part.value]
        if hidden:
            reason = "a part of it is encrypted, and takes the place of what can be read"
            unread.append(Unread(document.path, hidden[0].key_at, reason))
            continue
        features = root.get("features") or root.get("feature") or _bare(root)
        if features is None or not (features.is_mapping or features.is_list):
            unread.append(Unread(document.path, document.span(()), "it has no `features`"))
            continue
        groups = root.get("savedGroups")
        named = list(_features(features))
        if len(named) < len(list(features.list())):
            unread.append(Unread(document.path, features.key_at, "it lists what is no feature with an `id`"))
        unread += (
            Unread(document.path, name.at, "it says nothing that a feature says", name.value)
            for name, feature in named
            if not feature.is_mapping
        )
        found += (
            _Feature(document.path, document.index, environment, name, feature, groups)
            for name, feature in named
            if feature.is_mapping
        )
    by_name = {each.name.value: each for each in found}
    for each in found:
        switches = [each.place.get("enabled") if each.place and each.has_environments else None]
        yield unless_filled_in(
            _rollout(each, by_name), [each.part], _PAYLOAD, [*switches, each.part.get("archived")]
        )
    yield from unread


def _bare(root: Part) -> Part | None:
    """The features themselves, as applications hand them to an SDK: each has a default or rules."""
    features = [each for _, each in root.items()]
    is_bare = features and all(each.has("defaultValue") or each.has("rules") for each in features)
    return root if is_bare else None


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


class _Feature:
    """A feature in one environment: its rules, and the hashes that they divide the units by."""

    def __init__(
        self, path: str, number: int, environment: str, name: Said[str], part: Part, groups: Part | None
    ) -> None:
        self.path, self.number, self.environment, self.name, self.part = path, number, environment, name, part
        self.has_environments = part.has("environments")
        self.place = part.get("environments", environment) if self.has_environments else part
        self.rules = _rules(part, self.place, environment)
        self.hashes = _Hashes(name)
        self.steps = [step for each in self.rules if (step := _step(name, each, groups, self.hashes))]
        places = [part, *([self.place] if self.place else []), *self.rules]
        self.requires = tuple(_parents(places))
        self.may_require_off = any(map(_may_be_met_off, places))

    def dividing(self) -> tuple[_Hash, ...]:
        """The hashes that decide about some of the units, and not about all of them alike."""
        boxes = (claim.box for step in self.steps for claim in step.claims)
        lines = (line for box in boxes for line, ends in box.items() if ends != (0.0, 1.0))
        return tuple(self.hashes.of(line) for line in dict.fromkeys(lines))


def _rollout(of: _Feature, features: Mapping[str, _Feature]) -> Rollout:
    name, feature, place, path = of.name, of.part, of.place, of.path
    enabled = place.get("enabled") if place and of.has_environments else None
    archived = feature.get("archived")
    written = (place.get("defaultValue") if place else None) or feature.get("defaultValue")
    default = Said(_value(written), written.at if written else name.at)
    found = _among_those_left(
        of, features, chain.audiences(of.steps, default.value, default.at, of.hashes.between)
    )
    switched = Said(enabled.value is True, enabled.at) if enabled else None
    if archived is not None and archived.value is True:
        switched = Said(False, archived.at)
    elif of.has_environments and place is None:
        switched = Said(False, name.at)
    return Rollout(
        format="growthbook",
        path=path,
        document=of.number,
        flag=name,
        environment=of.environment,
        enabled=switched,
        default=default,
        prerequisites=of.requires,
        may_require_off=of.may_require_off,
        values=tuple(_values(of.rules)),
        terms=tuple(_terms(feature, of.rules)),
        audiences=found,
        withdrawn_by=WITHDRAWN_BY,
        unread=chain.unread_in(found, path, name.value),
    )


def _among_those_left(
    of: _Feature, features: Mapping[str, _Feature], audiences: tuple[Audience, ...]
) -> tuple[Audience, ...]:
    """The audiences; of units whom another feature leaves by a hash that decides about theirs as well, nothing is known."""
    own = of.dividing()
    required = (features[each.value] for each in of.requires if each.value in features)
    pairs = (
        (parent, mine) for each in required if each is not of for parent in each.dividing() for mine in own
    )
    reason = next((said for pair in pairs if (said := _entangled(*pair))), "")
    if not reason:
        return audiences
    return tuple(
        each if each.unread else Audience(each.at, condition=each.condition, unread=reason)
        for each in audiences
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


_MET_ON = ({"value": True}, {"value": {"$exists": True}}, {"value": {"$eq": True}})
"""Conditions that no feature meets which is off."""


def _may_be_met_off(place: Part) -> bool:
    """Whether a holdout or a condition on another feature may be met because that is off."""
    conditions = [
        each.get("condition") for key in ("prerequisites", "parentConditions") for each in place.listed(key)
    ]
    return place.has("holdout") or any(_demanded(each) not in _MET_ON for each in conditions)


def _demanded(part: Part | None) -> object:
    """A condition, which the API writes as a text."""
    value = part.value if part else None
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None


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


class _Hash(NamedTuple):
    """What puts units on a line: the attribute and the seed, by one of the versions of the hash."""

    attribute: str
    seed: str
    version: str
    by: str
    """What divides the units by it, for people."""
    feature: str


class _Hashes:
    """The hashes of a feature, each with the line that it puts units on."""

    def __init__(self, feature: Said[str]) -> None:
        self._feature = feature.value
        self._of: dict[str, _Hash] = {}

    def line(self, attribute: str, seed: str, version: str, by: str) -> str:
        line = json.dumps([attribute, seed, version])
        self._of.setdefault(line, _Hash(attribute, seed, version, by, self._feature))
        return line

    def of(self, line: str) -> _Hash:
        return self._of[line]

    def between(self, one: str, other: str) -> str:
        return _entangled(self._of[one], self._of[other])


def _entangled(one: _Hash, other: _Hash) -> str:
    """Why one hash decides about another one; empty where it does not.

    The first version appends the seed to the unit. FNV-1a of two appendages of one length differs by an amount that the
    lowest byte alone decides: where a unit is by one of them says where it is by the other.
    """
    if one.attribute != other.attribute or one.version != other.version:
        return ""
    whose = f" of {shown(one.feature)}" if one.feature != other.feature else ""
    both = f"{one.by}{whose} and {other.by} hash {shown(one.attribute)}"
    if one.seed == other.seed:
        return f"{both} with one seed, {shown(one.seed)}, so that either decides about the other; another seed makes the shares known"
    if one.version != "1" or _length(one.seed) != _length(other.seed):
        return ""
    return (
        f"{both} by version 1 with seeds of one length, {shown(one.seed)} and {shown(other.seed)}, so that either decides "
        f"about the other; `hashVersion: 2` in one of them, or a seed of another length, makes the shares known"
    )


def _length(seed: str) -> int:
    """As SDKs count: in units of UTF-16."""
    return len(seed.encode("utf-16-le", "surrogatepass")) // 2


def _step(feature: Said[str], rule: Part, groups: Part | None, hashes: _Hashes) -> ChainedRule | None:
    """A rule; None for one that is switched off, or that every SDK passes over."""
    step = _rule(feature, rule, hashes)
    if step is not None:
        version = rule.get("hashVersion")
        fallback = rule.get("fallbackAttribute")
        step.hashed_by = " ".join(each.as_json() for each in (version, fallback) if each)
        step.means = groups.as_json() if groups and "roup" in step.condition else ""
    return step


def _rule(feature: Said[str], rule: Part, hashes: _Hashes) -> ChainedRule | None:
    enabled = rule.get("enabled")
    written = rule.get("condition")
    if (enabled is not None and enabled.value is False) or (written is not None and _is_never(written.value)):
        return None
    condition = _condition(rule)
    kind = rule.get("type")
    if kind is not None and kind.value in ("experiment-ref", "safe-rollout"):
        experiment = rule.get("experimentId") or rule.get("safeRolloutId") or kind
        reason = f"the experiment `{shown(experiment.value)}` has the weights"
        return ChainedRule(experiment.at, (), condition, unread=reason)
    if rule.has("contextualVariations"):
        return ChainedRule(rule.at, (), condition, unread="a contextual bandit has the weights")
    hashed = rule.get("hashAttribute")
    unit = (hashed.said_text() if hashed else None) or Said("id", rule.at)
    variations = list(_variations(rule))
    forced = rule.get("force") or (rule.get("value") if not variations else None)
    salt = _salt(feature, rule, ("seed",) if forced is not None else ("seed", "key", "trackingKey"))
    coverage, at = _coverage(rule)
    version = _version(rule, "1")
    if coverage is None:
        return ChainedRule(
            at.at, (), condition, unread=at.computed or f"the coverage {shown(at.value)} is no number"
        )
    if version is None:
        return ChainedRule(rule.at, (), condition, unread="its `hashVersion` is neither 1 nor 2")
    line = hashes.line(unit.value, salt.value, version, _called(rule))
    if rule.has("ranges") or rule.has("range") or rule.has("filters"):
        return _ranged(rule, variations, forced, line, condition, unit, salt, coverage, hashes)
    if forced is not None or rule.has("force"):
        variant = _value(forced)
        claims = (
            (Claim({line: (0.0, coverage)}, variant, at.at),)
            if coverage < 1
            else chain.everybody(variant, at.at)
        )
        is_hashed = coverage < 1
        return ChainedRule(
            at.at,
            claims,
            condition,
            unit=unit if is_hashed else None,
            salt=salt if is_hashed else None,
            sticky=Said(True, unit.at) if is_hashed else None,
        )
    if not variations:
        return None
    return _experiment(rule, variations, coverage, line, condition, unit, salt, hashes)


def _passed_on(rule: Part) -> set[int]:
    """The variations whose units go on to the next rule: how a holdout lets everybody else through."""
    marks = (each.get("passthrough") for each in rule.listed("meta"))
    return {number for number, mark in enumerate(marks) if mark is not None and mark.value is True}


def _ranged(
    rule: Part,
    variations: Sequence[tuple[str, Part, Part | None]],
    forced: Part | None,
    line: str,
    condition: str,
    unit: Said[str],
    salt: Said[str],
    coverage: float,
    hashes: _Hashes,
) -> ChainedRule:
    """A rule whose parts of the line are worked out already, as SDKs are sent them."""
    box: dict[str, tuple[float, float]] = {}
    for each in filters.list() if (filters := rule.get("filters")) else ():
        ends, version = list(_ends(each.get("ranges"))), _version(each, "2")
        if len(ends) != 1 or version is None:
            reason = (
                "a filter has more than one range"
                if version
                else "a filter's `hashVersion` is neither 1 nor 2"
            )
            return ChainedRule(each.at, (), condition, unread=reason)
        attribute, seed = each.get("attribute"), each.get("seed")
        hashed = (attribute.name() if attribute else None) or "id", (seed.name() if seed else None) or ""
        box = _within(box, hashes.line(*hashed, version, f"a filter of {_called(rule)}"), ends[0])
    ranges, one = rule.get("ranges"), rule.get("range")
    own = list(_ends(ranges)) if ranges else list(_ends_of(one)) if one else []
    if not own and (ranges or one or not box):
        return ChainedRule(rule.at, (), condition, unread="its ranges are no pairs of numbers")
    named = [each[0] for each in variations] if ranges else [_value(forced)]
    if not own:
        own = [(0.0, coverage)] * len(named)
        if variations:
            return ChainedRule(rule.at, (), condition, unread="it has filters, and no ranges")
    at = (ranges or one or rule).at
    passed_on = _passed_on(rule)
    claims = tuple(
        Claim(_within(box, line, ends), variant, at)
        for number, (variant, ends) in enumerate(zip(named, own, strict=False))
        if number not in passed_on
    )
    return ChainedRule(at, claims, condition, unit, salt, Said(True, unit.at))


def _within(
    box: dict[str, tuple[float, float]], line: str, ends: tuple[float, float]
) -> dict[str, tuple[float, float]]:
    """The part of a box that lies between two places of a line."""
    first, last = box.get(line, (0.0, 1.0))
    start = max(first, ends[0])
    return {**box, line: (start, max(start, min(last, ends[1])))}


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
    hashes: _Hashes,
) -> ChainedRule:
    space = _namespace(rule)
    if space is None:
        part = rule.get("namespace") or rule
        return ChainedRule(part.at, (), condition, unread="its namespace is no [name, from, to]")
    name, low, high = space
    spaced = f"the namespace {shown(name)} of {_called(rule)}"
    box = {hashes.line(unit.value, f"__{name}", "1", spaced): (low, high)} if name else {}
    weights = [each[2].number() if each[2] else None for each in variations]
    place = variations[0][2] or rule
    total = sum(each or 0.0 for each in weights)
    is_stated = all(each is not None for each in weights)
    is_sound = is_stated and 0.99 <= total <= 1.01
    if any(each[2] is not None and each[2].computed for each in variations):
        return ChainedRule(place.at, (), condition, unread="a weight is filled in elsewhere")
    claims, start = [], 0.0
    passed_on = _passed_on(rule)
    for number, ((variant, value, written), stated) in enumerate(zip(variations, weights, strict=True)):
        weight = (stated or 0.0) if is_sound else 1 / len(variations)
        at = (written or value).at
        if number not in passed_on:
            claims.append(Claim(_within(box, line, (start, start + coverage * weight)), variant, at))
        start += weight
    summed = Weights(total, 1.0, place.at, "other weights are replaced by equal ones") if is_stated else None
    return ChainedRule(place.at, tuple(claims), condition, unit, salt, Said(True, unit.at), summed)


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


def _called(rule: Part) -> str:
    """A rule by its place in its list."""
    at = rule.path[-1]
    return f"rule {at + 1}" if isinstance(at, int) else "the rule"


def _version(part: Part, otherwise: str) -> str | None:
    """Which version of the hash divides the units; None for one that no SDK knows."""
    version = part.get("hashVersion")
    if version is None:
        return otherwise
    return {1.0: "1", 2.0: "2"}.get(version.number() or 0.0)


def _salt(feature: Said[str], rule: Part, keys: Sequence[str]) -> Said[str]:
    for key in keys:
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


def _is_never(condition: object, depth: int = 0) -> bool:
    """Whether nobody meets a condition, for certain: nothing is in an empty list."""
    if isinstance(condition, str):
        try:
            condition = json.loads(condition)
        except (ValueError, RecursionError):
            return False
    if not isinstance(condition, dict) or depth > 20:
        return False
    joined = condition.get("$and")
    if isinstance(joined, list):  # SDKs differ in whether they look at what stands beside it
        return len(condition) == 1 and any(_is_never(each, depth + 1) for each in joined)
    if any(key.startswith("$") for key in condition):
        return False
    return any(isinstance(each, dict) and each.get("$in") == [] for each in condition.values())


def _value(part: Part | None) -> str:
    if part is None:
        return "null"
    name = part.name()
    return (
        name if name is not None else json.dumps(part.value, ensure_ascii=False, sort_keys=True, default=str)
    )
