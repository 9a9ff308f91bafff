"""Unleash: features as SDKs are sent them, or as `/api/admin/features-batch/export` writes them, in JSON.

A feature is on for a unit where any of its strategies says so: they are joined by OR. The strategies `flexibleRollout` and
the older gradual ones hash `groupId` and what `stickiness` names, in a hundred parts, so that two of the same group and
stickiness overlap, and others add up. Constraints and segments say whom a strategy is for. `stickiness: random` (and
`default` where a unit has neither userId nor sessionId) gives a unit another answer every time. Variants of the
strategy, or else of the feature, divide the units that it is on for, by weights relative to their sum.

Reads:

```yaml
version: 2
features:
  - name: pdp_buy_now
    enabled: true
    strategies:
      - name: flexibleRollout
        parameters: {rollout: "90", stickiness: userId, groupId: pdp_buy_now}
        variants: [{name: control, weight: 500}, {name: buy_now, weight: 500}]
  - name: joined
    enabled: true
    strategies:
      - {name: flexibleRollout, parameters: {rollout: "20", stickiness: userId, groupId: a}}
      - {name: flexibleRollout, parameters: {rollout: "50", stickiness: userId, groupId: b}}
      - {name: flexibleRollout, parameters: {rollout: "30", stickiness: userId, groupId: a}}
  - name: by_chance
    enabled: true
    strategies: [{name: flexibleRollout, parameters: {rollout: "10", stickiness: random, groupId: by_chance}}]
```

As:

```yaml
- flag: pdp_buy_now
  off: disabled
  audiences:
    - {unit: userId, salt: pdp_buy_now, sticky: true, shares: {control: 45%, buy_now: 45%, disabled: 10%}}
- flag: joined
  audiences: [{shares: {enabled: 65%, disabled: 35%}}]
- flag: by_chance
  audiences: [{sticky: false, shares: {enabled: 10%, disabled: 90%}}]
```

Not checked, saying "the strategy `ours` is not egp's to compute":

```yaml
features: [{name: own, enabled: true, strategies: [{name: ours, parameters: {share: "10"}}]}]
```
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from egp.plan.quantity import shown
from egp.record.rollouts import chain
from egp.record.rollouts.chain import ChainedRule, Claim
from egp.record.rollouts.filled_in import unless_filled_in
from egp.record.rollouts.part import Part
from egp.record.rollouts.reading import RolloutFile, sound_documents
from egp.record.rollouts.rollout import REQUIRED, Rollout, Said, Unread, Weights
from egp.yaml import Span

ON, OFF = "enabled", "disabled"
READS_TOGETHER = True
"""Whether one file may be needed to read another one."""
WITHDRAWN_BY = "the feature disabled in the environment"
SWITCHED_OFF = "false"
"""The word by which the file itself turns a flag off."""

_RANDOM = "random"
_GRADUAL = {
    "flexibleRollout": ("rollout", ""),
    "gradualRolloutUserId": ("percentage", "userId"),
    "gradualRolloutSessionId": ("percentage", "sessionId"),
    "gradualRolloutRandom": ("percentage", _RANDOM),
}
"""Strategy → the parameter with its percentage, and what it hashes where that is fixed."""

_BY_NAME = {"userWithId": "userIds", "remoteAddress": "IPs", "applicationHostname": "hostNames"}


_PAYLOAD = frozenset(("description", "payload", "constraints", "overrides", "project", "title"))
"""Keys of a feature below which texts are what an application gets, whom a strategy is for, or for people."""


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every feature of the files, in one environment where they tell several apart."""
    unread: list[Unread] = []
    for document in sound_documents(files, unread):
        root = Part(document, document.value)
        root = root.get("state") or root
        features = root.get("features")
        if features is None or not features.is_list:
            unread.append(Unread(document.path, document.span(()), "it has no `features`"))
            continue
        for said, feature in features.named_by("name"):
            if said is None:
                unread.append(Unread(document.path, feature.at, "a feature has no name"))
            else:
                written = _Written(root, feature, said, environment)
                rollout = _rollout(document.path, document.index, environment, said, written)
                yield unless_filled_in(rollout, written.deciding, _PAYLOAD, [written.enabled])
    yield from unread


class _Written:
    """What the file says of one feature in one environment, whichever of the two shapes it has."""

    def __init__(self, root: Part, feature: Part, name: Said[str], environment: str) -> None:
        self.feature = feature
        exported = root.get("featureEnvironments")
        own = _listed(feature, "environments")
        of_feature = [
            each for each in _listed(root, "featureEnvironments") if _is(each, "featureName", name.value)
        ]
        here = [each for each in (*of_feature, *own) if _is_in(each, environment)]
        place = here[0] if here else None
        self.enabled = (place or feature).get("enabled") if place or not (exported or own) else None
        self.is_elsewhere = place is None and bool(exported or own)
        self.is_sent = not (exported or own)
        """Whether this is what SDKs are sent, without what is switched off."""
        strategies = (
            list(_listed(feature, "strategies"))
            if not (exported or own)
            else list(_listed(place, "strategies"))
        )
        strategies += [
            each
            for each in _listed(root, "featureStrategies")
            if _is(each, "featureName", name.value) and _is(each, "environment", environment)
        ]
        self.strategies = strategies
        self.variants = list(_listed(place, "variants")) or list(_listed(feature, "variants"))
        self.segments = {
            str(key.value): each for each in _listed(root, "segments") if (key := each.get("id"))
        }
        self.dependencies = [*_listed(feature, "dependencies")]
        self.deciding = [*strategies, *self.variants, *self.dependencies]
        """Parts by which the feature is served."""


def _listed(part: Part | None, key: str) -> list[Part]:
    return part.listed(key) if part else []


def _is(part: Part, key: str, value: str) -> bool:
    found = part.get(key)
    return found is not None and found.value == value


def _is_in(part: Part, environment: str) -> bool:
    return any(_is(part, key, environment) for key in ("environment", "name"))


def _rollout(path: str, number: int, environment: str, name: Said[str], written: _Written) -> Rollout:
    enabled = written.enabled
    steps = [step for each in written.strategies if (step := _step(name, each, written))]
    steps = [*_archived(written), *_overrides(written.variants), *steps]
    if not written.strategies and not written.is_elsewhere:
        steps = [ChainedRule(name.at, _on(written.variants, {}, name.at))]
    found = chain.audiences(steps, OFF, name.at)
    parents = (each.get("feature") for each in written.dependencies)
    return Rollout(
        format="unleash",
        path=path,
        document=number,
        flag=name,
        environment=environment,
        enabled=Said(enabled.value is True, enabled.at) if enabled else Said(False, name.at),
        default=Said(OFF, name.at),
        off=Said(OFF, name.at),
        variants=tuple(
            said for each in written.variants if (part := each.get("name")) and (said := part.said_text())
        ),
        values=tuple(
            _values([written.variants, *(_listed(each, "variants") for each in written.strategies)])
        ),
        terms=tuple(f"{REQUIRED}{each.as_json()}" for each in written.dependencies),
        prerequisites=tuple(said for each in parents if each and (said := each.said_text())),
        may_require_off=any(
            (on := each.get("enabled")) is not None and on.value is not True for each in written.dependencies
        ),
        audiences=found,
        withdrawn_by=WITHDRAWN_BY,
        unread=chain.unread_in(found, path, name.value),
    )


def _archived(written: _Written) -> Iterator[ChainedRule]:
    """What nobody can tell of a feature that is archived: whether it is served at all."""
    for each in (written.feature.get("archived"), written.feature.get("archivedAt")):
        if each is not None and each.value is not False:
            reason = "the feature is archived, and SDKs, which are sent none, do not look at that"
            yield ChainedRule(each.at, (), unread=reason)


def _values(groups: Sequence[Sequence[Part]]) -> Iterator[tuple[str, str]]:
    """What the application gets for each variant."""
    for each in (variant for group in groups for variant in group):
        name, payload = each.get("name"), each.get("payload")
        if name is not None:
            yield name.name() or "", payload.as_json() if payload else ""


def _overrides(variants: Sequence[Part]) -> Iterator[ChainedRule]:
    """Units that are given a variant by name, whatever their hash."""
    for each in variants:
        name = each.get("name")
        for override in each.listed("overrides"):
            if name is not None and (override.listed("values")):
                yield ChainedRule(
                    override.at, chain.everybody(name.name() or "", override.at), override.as_json()
                )


def _step(feature: Said[str], strategy: Part, written: _Written) -> ChainedRule | None:
    """A strategy with the segments that it names; None for one that is switched off, or that nobody meets."""
    disabled = strategy.get("disabled")
    if disabled is not None and disabled.value is True:
        reason = "a strategy is disabled, and SDKs, which are sent none, do not look at that"
        return ChainedRule(disabled.at, (), unread=reason) if written.is_sent else None
    if _names_nobody(strategy):
        return None
    named = [str(each.value) for each in _listed(strategy, "segments")]
    groups = [strategy, *(written.segments[each] for each in named if each in written.segments)]
    if any(_is_never(constraint) for group in groups for constraint in group.listed("constraints")):
        return None
    step = _strategy(feature, strategy, written.variants)
    step.means = "".join(written.segments[each].as_json() for each in named if each in written.segments)
    stickiness = [
        part.as_json() for each in _listed(strategy, "variants") if (part := each.get("stickiness"))
    ]
    step.hashed_by = " ".join(dict.fromkeys(stickiness))
    return step


def _is_never(constraint: Part) -> bool:
    """Whether nobody meets a constraint: nothing is in an empty list."""
    values, inverted = constraint.get("values"), constraint.get("inverted")
    is_inverted = inverted is not None and inverted.value is not False
    operator = "NOT_IN" if is_inverted else "IN"
    return _is(constraint, "operator", operator) and values is not None and values.value == []


def _strategy(feature: Said[str], strategy: Part, variants: Sequence[Part]) -> ChainedRule:
    name = strategy.get("name") or strategy.get("strategyName")
    kind = name.text() if name else None
    at = name.at if name else strategy.at
    condition = _condition(strategy)
    own = _listed(strategy, "variants") or variants
    if kind == "default":
        return ChainedRule(at, _on(own, {}, at), condition)
    if kind in _BY_NAME:
        named = strategy.get("parameters", _BY_NAME[kind])
        people = f"{_BY_NAME[kind]} {shown(named.value)}" if named else _BY_NAME[kind]
        return ChainedRule(at, _on(own, {}, at), " and ".join(filter(None, (condition, people))))
    if kind not in _GRADUAL:
        return ChainedRule(at, (), condition, unread=f"the strategy `{shown(kind)}` is not egp's to compute")
    return _gradual(feature, strategy, kind, own, condition)


def _names_nobody(strategy: Part) -> bool:
    """Whether a strategy lets in those whom it lists, and lists none."""
    kind = strategy.get("name")
    parameter = _BY_NAME.get((kind.name() or "") if kind else "")
    listed = strategy.get("parameters", parameter) if parameter else None
    return parameter is not None and (listed is None or not str(listed.value).strip(" ,"))


def _gradual(
    feature: Said[str], strategy: Part, kind: str, variants: Sequence[Part], condition: str
) -> ChainedRule:
    parameter, fixed = _GRADUAL[kind]
    percentage = strategy.get("parameters", parameter)
    number = _percent(percentage)
    place = percentage.at if percentage else strategy.at
    if number is None:
        reason = (percentage.computed if percentage else "") or "its percentage is no number"
        return ChainedRule(place, (), condition, unread=reason)
    group, sticks = strategy.get("parameters", "groupId"), strategy.get("parameters", "stickiness")
    salt = (group.said_text() if group else None) or feature
    stickiness = fixed or (sticks.name() if sticks else None) or "default"
    stuck_at = sticks.at if sticks else place
    is_random = stickiness == _RANDOM
    line = f"{strategy.path}" if is_random else f"{stickiness} {salt.value}"
    return ChainedRule(
        place,
        _on(variants, {line: (0.0, number / 100)}, place),
        condition,
        unit=None if is_random else Said(stickiness, stuck_at),
        salt=salt,
        sticky=Said(not is_random, stuck_at) if stickiness != "default" else None,
        weights=_summed(variants),
    )


def _percent(part: Part | None) -> float | None:
    """A percentage, which is written as a text; SDKs compare whole ones."""
    if part is None:
        return None
    number = part.number()
    if (
        number is None
        and isinstance(part.value, str)
        and part.value.strip().isdecimal()
        and len(part.value) < 9
    ):
        number = float(part.value)
    return number if number is not None and 0 <= number <= 100 else None


def _on(variants: Sequence[Part], box: dict[str, tuple[float, float]], at: Span) -> tuple[Claim, ...]:
    """What the units of a strategy get: the variants by their weights, or that the feature is on."""
    weights = []
    for each in variants:
        name, weight = each.get("name"), each.get("weight")
        number = weight.number() if weight else None
        if name and weight and number is not None and number > 0:
            weights.append((name.name() or "", number, weight.at))
    total = sum(weight for _, weight, _ in weights)
    if not total:
        return (Claim(box, ON, at),)
    claims = chain.weighted("variants", weights, total)
    return tuple(Claim({**box, **each.box}, each.variant, each.at) for each in claims)


def _summed(variants: Sequence[Part]) -> Weights | None:
    weights = [weight for each in variants if (weight := each.get("weight"))]
    numbers = [each.number() or 0.0 for each in weights]
    return Weights(sum(numbers), None, weights[0].at) if weights else None


def _condition(strategy: Part) -> str:
    """Whom a strategy is for: what its constraints and segments say; empty for everybody."""
    said = [
        json.dumps(each.value, ensure_ascii=False, sort_keys=True, default=str)
        for key in ("constraints", "segments")
        for each in _listed(strategy, key)
    ]
    return " and ".join(said)
