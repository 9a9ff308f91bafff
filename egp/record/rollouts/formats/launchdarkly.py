"""LaunchDarkly: flags as the REST API answers, one, a list of `items`, or the `flags` that SDKs are sent, in JSON.

Weights are thousandths of a per cent: 45000 is 45 %. Where they do not reach 100000, the last variation gets the rest.
Targets come first, then rules in their order, then `fallthrough`; `offVariation` is served to everybody while `on` is
false or a prerequisite fails. The hash is of the flag's key and salt, and of `bucketBy`, which is the context's key where
the rollout does not say, of the kind `contextKind`. A rollout with a `seed` is salted by that alone.

Reads:

```yaml
key: pdp-buy-now
variations: [{value: false, name: control}, {value: true, name: buy_now}]
environments:
  production:
    on: true
    salt: a1
    offVariation: 0
    targets: [{values: [tester], variation: 1}]
    rules: []
    fallthrough: {rollout: {variations: [{variation: 0, weight: 55000}, {variation: 1, weight: 45000}]}}
```

As:

```yaml
- flag: pdp-buy-now
  enabled: true
  off: control
  audiences:
    - {condition: targets tester, shares: {buy_now: 100%}}
    - {unit: user key, salt: pdp-buy-now.a1, sticky: true, shares: {control: 55%, buy_now: 45%}}
```

Reads:

```yaml
flags:
  short:
    on: true
    salt: b
    variations: [a, b]
    offVariation: 0
    fallthrough: {rollout: {contextKind: device, bucketBy: id, seed: 61, variations: [{variation: 0, weight: 20000}, {variation: 1, weight: 10000}]}}
```

As:

```yaml
- flag: short
  audiences: [{unit: device id, salt: "61", shares: {a: 20%, b: 80%}}]
```

Not checked, saying "its environment production is not in this file":

```yaml
key: elsewhere
variations: [{value: true}, {value: false}]
environments: {test: {on: true, fallthrough: {variation: 0}}}
```

Not checked, saying "it is a summary, without the fallthrough; LaunchDarkly answers all of it to summary=0":

```yaml
items:
  - key: listed
    variations: [{value: true}, {value: false}]
    environments: {production: {on: true, salt: a1, _summary: {variations: {0: {rules: 1, isFallthrough: true}}}}}
```

Not checked, saying "LaunchDarkly raises its share by itself, as a guarded rollout":

```yaml
key: raised-elsewhere
variations: [{value: false, name: control}, {value: true, name: buy_now}]
environments:
  production:
    on: true
    offVariation: 0
    fallthrough:
      rollout:
        experimentAllocation: {type: measuredRollout}
        variations: [{variation: 1, weight: 10000}, {variation: 0, weight: 10000}, {variation: 0, weight: 80000, _untracked: true}]
```
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from egp.plan.quantity import shown
from egp.record.rollouts import chain
from egp.record.rollouts.chain import ChainedRule
from egp.record.rollouts.filled_in import unless_filled_in
from egp.record.rollouts.part import Part
from egp.record.rollouts.reading import RolloutFile, sound_documents
from egp.record.rollouts.rollout import DEFAULT, REQUIRED, Rollout, Said, Unread, Weights
from egp.yaml import Span

SUMMARY = "it is a summary, without the fallthrough; LaunchDarkly answers all of it to summary=0"
WHOLE = 100_000
"""A hundred per cent."""
READS_TOGETHER = True
"""Whether one file may be needed to read another one."""
_RAISED_BY_ITSELF = {"measuredRollout": "a guarded rollout", "progressiveRollout": "a progressive rollout"}
"""The allocations whose weights the platform changes, by the steps of a release that the answer need not have."""
_STEPS_OF = {"guardedRolloutConfig": "measuredRollout", "progressiveRolloutConfig": "progressiveRollout"}
"""The keys under which the steps of a release are, where the answer has them."""
WITHDRAWN_BY = "targeting off, which serves the off variation"
SWITCHED_OFF = "false"
"""The word by which the file itself turns a flag off."""


_DECIDING = frozenset(
    ("on", "salt", "offVariation", "fallthrough", "rules", "targets", "contextTargets", "prerequisites")
)
"""Keys of a flag in an environment by which it is served."""

_PAYLOAD = frozenset(("values", "clauses", "description"))
"""Keys below which texts say whom a rule is for, or are for people."""


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every flag of the files, in one environment where they tell several apart."""
    unread: list[Unread] = []
    for document in sound_documents(files, unread):
        found = False
        root = Part(document, document.value)
        segments = _segments(root)
        for key, flag in _flags(root):
            found = True
            if not _is_flag(flag):
                unread.append(Unread(document.path, key.at, f"{shown(key.value)} is no flag: {_NO_FLAG}"))
                continue
            place = flag.get("environments", environment) if flag.has("environments") else flag
            if place is None:
                reason = f"its environment {shown(environment)} is not in this file"
                unread.append(Unread(document.path, key.at, reason, key.value))
            elif _is_summary(place):
                unread.append(Unread(document.path, key.at, SUMMARY, key.value))
            else:
                deciding = [part for name, part in place.items() if name in _DECIDING]
                rollout = _rollout(document.path, document.index, environment, key, flag, place, segments)
                yield unless_filled_in(
                    rollout,
                    deciding,
                    _PAYLOAD,
                    [place.get("on"), place.get("archived"), flag.get("archived")],
                )
        if not found:
            unread.append(Unread(document.path, document.span(()), "it has no flags"))
    yield from unread


_NO_FLAG = (
    "it has neither variations nor anything that is served, as projects, environments and segments have not"
)


def _is_flag(part: Part) -> bool:
    """Whether something that has a key is a flag, here or in some environment."""
    return any(
        each.has(key) for each in _places(part) for key in ("variations", "fallthrough", "offVariation", "on")
    )


def _places(part: Part) -> Iterator[Part]:
    yield part
    environments = part.get("environments")
    for _, each in environments.items() if environments else ():
        yield each


def _is_summary(place: Part) -> bool:
    """Whether it is not said what is served. Lists of flags leave it out unless somebody asks for it."""
    on = place.get("on")
    is_told = place.has("fallthrough") or (place.has("offVariation") and not (on and on.value is True))
    return not is_told


def _flags(root: Part) -> Iterator[tuple[Said[str], Part]]:
    key = root.get("key")
    if key is not None and (root.has("variations") or root.has("environments")):
        if said := key.said_text():
            yield said, root
        return
    for listed in (root.get("items"), root):
        for flag in listed.list() if listed else ():
            key = flag.get("key")
            if key is not None and (said := key.said_text()):
                yield said, flag
    flags = root.get("flags")
    for name, flag in flags.items() if flags else ():
        yield Said(name, flag.key_at), flag


def _segments(root: Part) -> dict[str, str]:
    """The segments that the file defines, by their keys."""
    listed = root.get("segments")
    if listed is None:
        return {}
    named = [(key.value, each) for each in listed.list() if (key := each.get("key"))]
    return {str(key): each.as_json() for key, each in (*listed.items(), *named)}


def _rollout(
    path: str,
    number: int,
    environment: str,
    key: Said[str],
    flag: Part,
    place: Part,
    segments: Mapping[str, str],
) -> Rollout:
    names = variation_names(flag)
    salt = place.get("salt") or flag.get("salt")
    salted = Said(f"{key.value}.{salt.name()}" if salt else key.value, salt.at if salt else key.at)
    reading = Serving(names, salted)
    steps = [*_targets(place, reading), *_rules(place, reading, segments)]
    fallthrough = place.get("fallthrough")
    if fallthrough is not None:
        steps.append(reading.step(fallthrough, ""))
    on, off = place.get("on"), place.get("offVariation")
    enabled = Said(on.value is True, on.at) if on else Said(False, key.at)
    for each in (place.get("archived"), flag.get("archived")):
        if each is not None and each.value is True:
            enabled = Said(False, each.at)
    off_variant = Said(names(off), off.at) if off else None
    found = chain.audiences(steps, off_variant.value if off_variant else DEFAULT, key.at)
    required = [each.get("key") for each in place.listed("prerequisites")]
    variations = flag.listed("variations")
    return Rollout(
        format="launchdarkly",
        path=path,
        document=number,
        flag=key,
        environment=environment,
        enabled=enabled,
        default=off_variant,
        off=off_variant,
        variants=tuple(Said(name_of(each), each.at) for each in variations),
        values=values_of(variations),
        terms=tuple(f"{REQUIRED}{each.as_json()}" for each in place.listed("prerequisites")),
        prerequisites=tuple(said for each in required if each and (said := each.said_text())),
        audiences=found,
        continuous=_raised_by_itself(place),
        withdrawn_by=WITHDRAWN_BY,
        unread=chain.unread_in(found, path, key.value),
    )


def _raised_by_itself(place: Part) -> Said[str] | None:
    """How the platform raises the share of the fallthrough or of a rule."""
    for each in (place.get("fallthrough"), *place.listed("rules")):
        release = _release(each) if each else None
        if release is not None:
            return Said(f"up by itself, as {release.value}", release.at)
    return None


def _release(part: Part) -> Said[str] | None:
    """The release that changes the weights of a rule or the fallthrough."""
    rollout = part.get("rollout")
    allocation = rollout.get("experimentAllocation") if rollout else None
    kind = allocation.get("type") if allocation else None
    if kind is not None and kind.value in _RAISED_BY_ITSELF:
        return Said(_RAISED_BY_ITSELF[str(kind.value)], kind.at)
    configured = next((key for key in _STEPS_OF if part.get(key) is not None), None)
    return Said(_RAISED_BY_ITSELF[_STEPS_OF[configured]], part.at) if configured else None


def values_of(variations: Sequence[Part]) -> tuple[tuple[str, str], ...]:
    """What the application gets for each variation."""
    return tuple((name_of(each), (each.get("value") or each).as_json()) for each in variations)


def variation_names(flag: Part) -> Callable[[Part], str]:
    """From the index of a variation to what it is called: its name, else its value, else the index."""
    names = [name_of(each) for each in flag.listed("variations")]

    def named(index: Part) -> str:
        number = index.number()
        if number is not None and number == int(number) and 0 <= number < len(names):
            return names[int(number)]
        return f"variation {shown(index.value)}"

    return named


def name_of(variation: Part) -> str:
    name, value = variation.get("name"), variation.get("value")
    plain = name.name() if name else None
    if plain:
        return plain
    found = value or variation
    return found.name() or json.dumps(found.value, ensure_ascii=False, sort_keys=True, default=str)


class Serving:
    """What a rule or the fallthrough serves: one variation, or several by weights."""

    def __init__(self, names: Callable[[Part], str], salt: Said[str]) -> None:
        self._names = names
        self._salt = salt

    def step(self, part: Part, condition: str) -> ChainedRule:
        variation, rollout = part.get("variation"), part.get("rollout")
        if (release := _release(part)) is not None:
            reason = f"LaunchDarkly raises its share by itself, as {release.value}"
            return ChainedRule(release.at, (), condition, unread=reason)
        if variation is not None:
            if variation.computed:
                return ChainedRule(variation.at, (), condition, unread=variation.computed)
            return ChainedRule(variation.at, chain.everybody(self._names(variation), variation.at), condition)
        if rollout is None:
            return ChainedRule(part.at, (), condition, unread="it names neither a variation nor a rollout")
        return self.by_weights(rollout, condition)

    def by_weights(self, rollout: Part, condition: str) -> ChainedRule:
        weights = []
        for each in rollout.listed("variations"):
            variation, weight = each.get("variation"), each.get("weight")
            number = weight.number() if weight else None
            if variation is None or weight is None or number is None or number < 0:
                reason = (weight.computed if weight else "") or "a weight is no number"
                return ChainedRule(each.at, (), condition, unread=reason)
            weights.append((self._names(variation), number, weight.at))
        seed, kind_of = rollout.get("seed"), rollout.get("kind")
        by, kind = rollout.get("bucketBy"), rollout.get("contextKind")
        salt = (seed.said_text() if seed else None) or self._salt
        step = weighed(weights, rollout, condition, by, kind, salt)
        step.hashed_by = kind_of.as_json() if kind_of else ""
        return step


def weighed(
    weights: Sequence[tuple[str, float, Span]],
    rollout: Part,
    condition: str,
    by: Part | None,
    kind: Part | None,
    salt: Said[str] | None,
) -> ChainedRule:
    """A split by weights; what they leave goes to the last variation."""
    if not weights:
        return ChainedRule(rollout.at, (), condition, unread="its rollout has no weights")
    total = sum(weight for _, weight, _ in weights)
    stretched = [*weights[:-1], (weights[-1][0], weights[-1][1] + max(0.0, WHOLE - total), weights[-1][2])]
    claims = chain.weighted("", stretched, WHOLE)
    unit = f"{(kind.name() if kind else None) or 'user'} {(by.name() if by else None) or 'key'}"
    place = by or kind or rollout
    return ChainedRule(
        rollout.at,
        claims,
        condition,
        Said(unit, place.at),
        salt,
        Said(True, place.at),
        Weights(total, WHOLE, rollout.at, "what is left over goes to the last variation"),
    )


def _targets(place: Part, reading: Serving) -> Iterator[ChainedRule]:
    for key in ("targets", "contextTargets"):
        for each in place.listed(key):
            values = [value.name() or "" for value in each.listed("values")]
            if values and each.get("variation"):
                yield reading.step(each, f"targets {shown(', '.join(values))}")


def meant(condition: str, segments: Mapping[str, str]) -> str:
    """The segments that a condition names, as far as the files define them."""
    return "".join(text for key, text in segments.items() if json.dumps(key, ensure_ascii=False) in condition)


def is_never(clause: Part) -> bool:
    """Whether nobody meets a clause: one without values is met by none, unless it is negated."""
    values, negate = clause.get("values"), clause.get("negate")
    return values is not None and values.value == [] and (negate is None or negate.value is False)


def _rules(place: Part, reading: Serving, segments: Mapping[str, str]) -> Iterator[ChainedRule]:
    for each in place.listed("rules"):
        disabled = each.get("disabled")
        if disabled is not None and disabled.value is True:
            continue
        clauses = each.get("clauses")
        if clauses is not None and any(is_never(clause) for clause in clauses.list()):
            continue
        condition = json.dumps(
            clauses.value if clauses else [], ensure_ascii=False, sort_keys=True, default=str
        )
        step = reading.step(each, condition if clauses and clauses.value else "")
        step.means = meant(step.condition, segments)
        yield step
