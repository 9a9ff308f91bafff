"""Flipt: features as they are exported, or kept in git, in YAML or JSON.

A flag with variants is served by rules: the first one whose segment a unit is in divides its units by distributions, which
newer versions take relative to their sum, and older ones as they stand. A boolean flag is served by its rollouts, and what
none of them decides is its `enabled`, so that a boolean flag that is not enabled may still be rolled out. Thresholds of one
flag hash the same, in hundred parts: a threshold of 10 before one of 30 leaves the second 20, and one of 12.5 is 13.

Reads:

```yaml
version: "1.4"
namespace: {key: default}
flags:
  - key: pdp_buy_now
    name: Buy now
    type: VARIANT_FLAG_TYPE
    enabled: true
    variants: [{key: control, default: true}, {key: buy_now}]
    rules:
      - segment: everyone
        distributions: [{variant: control, rollout: 55}, {variant: buy_now, rollout: 45}]
  - key: fast
    name: Fast
    type: BOOLEAN_FLAG_TYPE
    enabled: false
    rollouts:
      - segment: {key: staff, value: true}
      - threshold: {percentage: 12.5, value: true}
segments: [{key: everyone, name: Everyone, match_type: ALL_MATCH_TYPE}]
```

As:

```yaml
- flag: pdp_buy_now
  default: control
  audiences: [{unit: entityId, salt: pdp_buy_now, sticky: true, shares: {control: 55%, buy_now: 45%}}]
- flag: fast
  default: "false"
  audiences:
    - {condition: segment staff, shares: {"true": 100%}}
    - {unit: entityId, salt: fast, shares: {"true": 13%, "false": 87%}}
```

Not checked, saying "is no number":

```yaml
flags:
  - key: fast
    name: Fast
    type: BOOLEAN_FLAG_TYPE
    rollouts: [{threshold: {percentage: many, value: true}}]
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from egp.plan.quantity import shown
from egp.record.rollouts import chain
from egp.record.rollouts.chain import ChainedRule, Claim
from egp.record.rollouts.filled_in import RESPELT, respelt, unless_filled_in
from egp.record.rollouts.part import Part
from egp.record.rollouts.reading import RolloutFile, sound_documents
from egp.record.rollouts.rollout import DEFAULT, Rollout, Said, Unread, Weights

UNIT = "entityId"
READS_TOGETHER = True
"""Whether one file may be needed to read another one."""
WITHDRAWN_BY = "enabled: false of a flag with variants; the rollouts of a boolean one taken out"
SWITCHED_OFF = "false"
"""The word by which the file itself turns a flag off."""


_KEYS = frozenset(
    (
        *("namespace", "flags", "key", "type", "enabled", "variants", "default", "rules", "rollouts"),
        *("segments", "segment", "keys", "operator", "segmentOperator", "match_type", "constraints"),
        *("distributions", "variant", "variantKey", "rollout", "threshold", "percentage", "value"),
    )
)

_PAYLOAD = frozenset(("name", "description", "attachment", "metadata"))
"""Keys of a flag below which texts decide nothing."""


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every flag of the files."""
    unread: list[Unread] = []
    for document in sound_documents(files, unread):
        root = Part(document, document.value)
        if (other := respelt(root, _KEYS, _PAYLOAD)) is not None:
            unread.append(Unread(document.path, other.key_at, RESPELT))
            continue
        flags = root.get("flags")
        if flags is None and (root.has("namespace") or root.has("segments")):
            continue  # a namespace without a flag
        if flags is None or not flags.is_list:
            unread.append(Unread(document.path, document.span(()), "it has no `flags`"))
            continue
        segments = _Segments(root)
        for said, flag in flags.named_by("key"):
            if said is None:
                unread.append(Unread(document.path, flag.at, "a flag has no key"))
            else:
                rollout = _rollout(document.path, document.index, environment, said, flag, segments)
                yield unless_filled_in(rollout, [flag], _PAYLOAD, [flag.get("enabled")])
    yield from unread


class _Segments:
    """The segments of a file."""

    def __init__(self, root: Part) -> None:
        self._by_key: dict[str, Part] = {}
        everybody, nobody = set(), set()
        for each in root.listed("segments"):
            key, kind, constraints = each.get("key"), each.get("match_type"), each.get("constraints")
            name = (key.name() if key else None) or ""
            self._by_key[name] = each
            is_all = kind is not None and kind.value == "ALL_MATCH_TYPE"
            if name and is_all and not (constraints and constraints.value):
                everybody.add(name)
            if name and is_all and constraints and any(map(_is_never, constraints.list())):
                nobody.add(name)
        self.everybody = frozenset(everybody)
        """Those that every unit is in: all of their constraints hold, and there are none."""
        self.nobody = frozenset(nobody)
        """Those that no unit is in: one of the constraints, which all have to hold, never does."""

    def is_met(self, place: Part | None) -> bool:
        """Whether anybody may be in the segments that a rule names."""
        if place is None or not self.nobody:
            return True
        names, is_joined = _named(place)
        out = [each in self.nobody for each in names]
        return not (any(out) if is_joined else bool(out) and all(out))

    def meant(self, condition: str) -> str:
        """The constraints of those that a condition names."""
        names = condition.removeprefix("segment ").replace(" and ", " or ").split(" or ")
        return "".join(self._by_key[each].as_json() for each in names if each in self._by_key)


def _is_never(constraint: Part) -> bool:
    """Whether a constraint never holds: nothing is one of an empty list."""
    operator, value = constraint.get("operator"), constraint.get("value")
    is_listed = operator is not None and operator.value == "isoneof"
    return is_listed and value is not None and str(value.value).replace(" ", "") == "[]"


def _rollout(
    path: str, number: int, environment: str, key: Said[str], flag: Part, segments: _Segments
) -> Rollout:
    kind = flag.get("type")
    is_boolean = kind is not None and kind.value == "BOOLEAN_FLAG_TYPE"
    enabled = flag.get("enabled")
    on = Said(bool(enabled.value), enabled.at) if enabled else Said(False, key.at)
    declared = flag.get("variants")
    variants = [each for each in (declared.list() if declared else ()) if each.get("key")]
    if is_boolean:
        default: Said[str] | None = Said("true" if on.value else "false", on.at)
        steps = _rollouts(key, flag, segments)
    else:
        default = _default(variants)
        steps = _rules(key, flag, segments)
    for each in steps:
        each.means = segments.meant(each.condition)
    found = chain.audiences(steps, default.value if default else DEFAULT, (default or key).at)
    return Rollout(
        format="flipt",
        path=path,
        document=number,
        flag=key,
        environment=environment,
        enabled=None if is_boolean else on,
        default=default,
        off=None if is_boolean else default,
        variants=tuple(said for each in variants if (part := each.get("key")) and (said := part.said_text())),
        values=tuple(_values(variants)),
        audiences=found,
        withdrawn_by=WITHDRAWN_BY,
        unread=chain.unread_in(found, path, key.value),
    )


def _values(variants: Sequence[Part]) -> Iterator[tuple[str, str]]:
    """What the application gets for each variant."""
    for each in variants:
        key, attachment = each.get("key"), each.get("attachment")
        yield (key.name() if key else None) or "", attachment.as_json() if attachment else ""


def _default(variants: Sequence[Part]) -> Said[str] | None:
    for each in variants:
        marked, key = each.get("default"), each.get("key")
        if marked is not None and marked.value is True and key is not None:
            return key.said_text()
    return None


def _rules(key: Said[str], flag: Part, segments: _Segments) -> list[ChainedRule]:
    rules = [rule for rule in flag.listed("rules") if segments.is_met(_place(rule))]
    return [_rule(key, rule, segments.everybody) for rule in rules]


def _place(rule: Part) -> Part | None:
    """Where a rule names its segments."""
    return rule.get("segment") or rule.get("segments")


def _rule(key: Said[str], rule: Part, everybody: frozenset[str]) -> ChainedRule:
    condition = _segments(_place(rule), everybody)
    distributions = rule.get("distributions")
    weights = []
    for each in distributions.list() if distributions else ():
        variant, share = each.get("variant") or each.get("variantKey"), each.get("rollout")
        number = share.number() if share else None
        if variant is None:
            return ChainedRule(each.at, (), condition, unread="a distribution names no variant")
        if share is None or number is None or number < 0:
            return ChainedRule(each.at, (), condition, unread=_no_number(share or each))
        weights.append((variant.name() or "", number, share.at))
    total = sum(weight for _, weight, _ in weights)
    if not total or distributions is None:
        return ChainedRule(rule.at, chain.everybody(DEFAULT, rule.at), condition)
    is_hashed = len(weights) > 1
    return ChainedRule(
        distributions.key_at,
        chain.weighted("", weights, total),
        condition,
        unit=Said(UNIT, distributions.key_at) if is_hashed else None,
        salt=key if is_hashed else None,
        sticky=Said(True, distributions.key_at) if is_hashed else None,
        weights=Weights(
            total,
            100.0,
            distributions.key_at,
            "older versions serve the rest nothing, newer ones stretch the weights",
        ),
    )


def _rollouts(key: Said[str], flag: Part, segments: _Segments) -> list[ChainedRule]:
    rollouts = [each for each in flag.listed("rollouts") if segments.is_met(each.get("segment"))]
    return [_one_rollout(key, each, segments.everybody) for each in rollouts]


def _one_rollout(key: Said[str], rollout: Part, everybody: frozenset[str]) -> ChainedRule:
    segment, threshold = rollout.get("segment"), rollout.get("threshold")
    if segment is not None:
        value = segment.get("value")
        variant = "true" if value is not None and value.value is True else "false"
        return ChainedRule(
            segment.key_at, chain.everybody(variant, segment.key_at), _segments(segment, everybody)
        )
    if threshold is None:
        return ChainedRule(rollout.at, (), unread="it is neither a segment nor a threshold")
    percentage, value = threshold.get("percentage"), threshold.get("value")
    number = percentage.number() if percentage else None
    if percentage is None or number is None:
        return ChainedRule(threshold.key_at, (), unread=_no_number(percentage or threshold))
    variant = "true" if value is not None and value.value is True else "false"
    share = min(1.0, max(0, ceil(number)) / 100)
    return ChainedRule(
        percentage.at,
        (Claim({"": (0.0, share)}, variant, percentage.at),),
        unit=Said(UNIT, threshold.key_at),
        salt=key,
        sticky=Said(True, threshold.key_at),
    )


def _segments(part: Part | None, everybody: frozenset[str]) -> str:
    """Who a rule is for, in words; empty for everybody."""
    if part is None:
        return ""
    if isinstance(part.value, dict) and not any(map(part.get, ("key", "keys", "segments"))):
        return ""
    names, is_joined = _named(part)
    is_everybody = all(each in everybody for each in names) if is_joined else bool(everybody & set(names))
    return "" if is_everybody else f"segment {(' and ' if is_joined else ' or ').join(map(shown, names))}"


def _named(part: Part) -> tuple[list[str], bool]:
    """The segments that a rule names, and whether a unit has to be in all of them."""
    keys = part.get("keys") or part.get("segments")
    one = part.get("key") or (part if not isinstance(part.value, (dict, list)) else None)
    listed = keys.list() if keys else part.list()
    names = [one.name() or ""] if one else [(each.get("key") or each).name() or "" for each in listed]
    operator = part.get("operator") or part.get("segmentOperator")
    return names, operator is not None and str(operator.value).startswith("AND")


def _no_number(part: Part) -> str:
    return part.computed or f"{shown(part.value)} is no number"
