"""GO Feature Flag: flags of the relay proxy and the SDKs, in YAML or JSON.

Percentages are relative to their sum. The hash is of the flag's name and the targeting key, or the attribute that
`bucketingKey` names. Rules of `targeting` follow one another. A `progressiveRollout` grows by the second from its
first percentage to its last, so that no stage of it can be held; the steps of a `scheduledRollout` are stages that come by
their dates. Outside the dates of `experimentation`, and with `disable`, the application serves what it says itself.

Reads:

```yaml
pdp_buy_now:
  variations: {control: false, buy_now: true}
  defaultRule: {percentage: {control: 55, buy_now: 45}}
```

As:

```yaml
- flag: pdp_buy_now
  audiences: [{unit: targetingKey, salt: pdp_buy_now, sticky: true, shares: {control: 55%, buy_now: 45%}}]
```

Reads:

```yaml
slowly:
  variations: {old: 1, new: 2}
  defaultRule: {percentage: {old: 90, new: 10}}
  scheduledRollout:
    - {date: 2023-02-07T00:00:00Z, defaultRule: {percentage: {old: 50, new: 50}}}
    - {date: 2023-02-09T00:00:00Z, defaultRule: {percentage: {old: 0, new: 100}}}
```

As:

```yaml
- flag: slowly
  audiences: [{shares: {old: 90%, new: 10%}}]
  stages: [{shares: {old: 50%, new: 50%}, dwell: 48h}, {shares: {old: 0%, new: 100%}}]
```

Reads:

```yaml
by_the_second:
  variations: {old: 1, new: 2}
  defaultRule:
    progressiveRollout:
      initial: {variation: old, percentage: 0, date: 2023-02-07T00:00:00Z}
      end: {variation: new, percentage: 90, date: 2023-02-17T00:00:00Z}
```

As:

```yaml
- flag: by_the_second
  continuous: from 0% to 90% of new between 2023-02-07T00:00:00Z and 2023-02-17T00:00:00Z
  audiences: [{shares: {old: 100%, new: 0%}}]
  stages: [{shares: {new: 90%, old: 10%}}]
```

Not checked, saying "is filled in elsewhere":

```yaml
templated:
  variations: {old: 1, new: 2}
  defaultRule: {percentage: {old: "{{ .Values.old }}", new: 50}}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from egp.plan.quantity import shown
from egp.record.rollouts import chain
from egp.record.rollouts.chain import ChainedRule
from egp.record.rollouts.filled_in import RESPELT, respelt, unless_filled_in
from egp.record.rollouts.part import Part
from egp.record.rollouts.reading import RolloutFile, sound_documents
from egp.record.rollouts.rollout import (
    DEFAULT,
    Rollout,
    RolloutStage,
    Said,
    Unread,
    VariantShare,
    Weights,
)

_OF_A_FLAG = ("variations", "defaultRule", "targeting", "scheduledRollout")
TARGETING_KEY = "targetingKey"

_Rule = dict[str, Part]
"""A rule's keys, each where it was written last; ``percentage`` has the parts of its variations."""

SWITCHED_OFF = "true"
"""Of `disable`, where a flag has it."""
READS_TOGETHER = False
"""Whether one file may be needed to read another one."""
WITHDRAWN_BY = "defaultRule: {variation: …}, or disable: true"


_KEYS = frozenset(
    (
        *("variations", "targeting", "bucketingKey", "defaultRule", "disable", "variation", "query"),
        *("percentage", "progressiveRollout", "scheduledRollout", "experimentation"),
        *("initial", "end", "start", "date"),
    )
)

_PAYLOAD = frozenset(("variations", "metadata", "description", "query"))
"""Keys of a flag below which texts decide nothing but whom a rule is for."""


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every flag of the files."""
    unread: list[Unread] = []
    for document in sound_documents(files, unread):
        root = Part(document, document.value)
        if (other := respelt(root, _KEYS, {*_PAYLOAD, "percentage"})) is not None:
            unread.append(Unread(document.path, other.key_at, RESPELT))
            continue
        found = False
        for name, flag in root.items():
            if any(flag.has(key) for key in _OF_A_FLAG):
                found = True
                rollout = _rollout(document.path, document.index, environment, Said(name, flag.key_at), flag)
                yield unless_filled_in(rollout, [flag], _PAYLOAD, [flag.get("disable")])
            elif not flag.is_mapping:
                unread.append(Unread(document.path, flag.key_at, "it says nothing that a flag says", name))
        if not found:
            unread.append(Unread(document.path, document.span(()), "it has no flags"))
    yield from unread


def _rollout(path: str, number: int, environment: str, name: Said[str], flag: Part) -> Rollout:
    declared = flag.get("variations")
    disabled = flag.get("disable")
    rules = _rules(flag)
    steps = _steps(name, flag, rules)
    found = chain.audiences(steps, DEFAULT, name.at)
    ramp = next((each["progressiveRollout"] for each in rules if "progressiveRollout" in each), None)
    continuous, end = _progressive(ramp) if ramp else (None, ())
    unread = [*chain.unread_in(found, path, name.value)]
    return Rollout(
        format="go-feature-flag",
        path=path,
        document=number,
        flag=name,
        environment=environment,
        enabled=Said(not disabled.value, disabled.at) if disabled else None,
        variants=tuple(Said(key, each.key_at) for key, each in declared.items()) if declared else (),
        values=tuple((key, each.as_json()) for key, each in declared.items()) if declared else (),
        terms=tuple(_terms(flag, ramp)),
        audiences=found,
        stages=(*end, *_scheduled(name, flag, rules)),
        continuous=continuous,
        serves_until=_end_of_experiment(flag),
        withdrawn_by=WITHDRAWN_BY,
        unread=tuple(unread),
    )


def _terms(flag: Part, ramp: Part | None) -> Iterator[str]:
    """The dates by which it is served, and those by which it changes."""
    for part in (flag.get("experimentation"), flag.get("scheduledRollout"), ramp):
        if part is not None:
            yield part.as_json()


def _end_of_experiment(flag: Part) -> datetime | None:
    """The end of `experimentation`, where no step of a `scheduledRollout` may change it."""
    experimentation = flag.get("experimentation")
    if experimentation is None or flag.has("scheduledRollout"):
        return None
    return _instant(experimentation.get("end"))


def _rules(flag: Part) -> list[_Rule]:
    """The rules in the order in which they apply, the default one last."""
    targeting, default = flag.get("targeting"), flag.get("defaultRule")
    rules = [_keys(each) for each in targeting.list()] if targeting else []
    return [*rules, _keys(default) if default else {}]


def _keys(rule: Part) -> _Rule:
    return dict(rule.items())


def _steps(name: Said[str], flag: Part, rules: Sequence[_Rule]) -> list[ChainedRule]:
    key = flag.get("bucketingKey")
    unit = (key.said_text() if key and key.value != "" else None) or Said(TARGETING_KEY, name.at)
    steps = []
    for position, rule in enumerate(rules):
        is_default = position == len(rules) - 1
        if rule and not (not is_default and "disable" in rule and rule["disable"].value is True):
            steps.append(_step(name, unit, rule, is_default=is_default))
    return steps


def _step(name: Said[str], unit: Said[str], rule: _Rule, *, is_default: bool) -> ChainedRule:
    query = rule.get("query")
    condition = "" if is_default or query is None else str(query.value).strip()
    at = next(iter(rule.values())).at
    if "progressiveRollout" in rule:
        ramp = rule["progressiveRollout"]
        first, last = ramp.get("initial"), ramp.get("end")
        old, new, low, _ = _ends(first, last)
        claims = chain.weighted("", [(new, low, ramp.key_at), (old, 100 - low, ramp.key_at)], 100)
        return ChainedRule(ramp.key_at, claims, condition, unit, name, Said(True, unit.at))
    if "percentage" in rule:
        return _percentages(rule["percentage"], condition, unit, name)
    variation = rule.get("variation")
    if variation is None:
        return ChainedRule(at, (), condition, unread="" if is_default else "a rule names no variation")
    if variation.computed or variation.name() is None:
        return ChainedRule(
            variation.at, (), condition, unread=variation.computed or "its variation is no name"
        )
    return ChainedRule(variation.at, chain.everybody(variation.name() or "", variation.at), condition)


def _percentages(percentage: Part, condition: str, unit: Said[str], name: Said[str]) -> ChainedRule:
    weights = []
    for variant, each in percentage.items():
        number = each.number()
        if number is None or number < 0:
            reason = each.computed or f"the percentage {shown(each.value)} is no number"
            return ChainedRule(each.at, (), condition, unread=reason)
        weights.append((variant, number, each.at))
    total = sum(weight for _, weight, _ in weights)
    if total <= 0:
        return ChainedRule(percentage.key_at, (), condition, unread="its percentages add up to nothing")
    # The SDKs lay the variations out on the line by name, the last one first.
    claims = chain.weighted("", sorted(weights, key=lambda each: each[0], reverse=True), total)
    summed = Weights(total, 100.0, percentage.key_at, "percentages are taken relative to their sum")
    in_order = {each.variant: each for each in claims}
    claims = tuple(in_order[variant] for variant, _, _ in weights)
    return ChainedRule(percentage.key_at, claims, condition, unit, name, Said(True, unit.at), summed)


def _ends(first: Part | None, last: Part | None) -> tuple[str, str, float, float]:
    """The variations and percentages that a progressive rollout goes between."""
    old = first.get("variation") if first else None
    new = last.get("variation") if last else None
    low, high = first.get("percentage") if first else None, last.get("percentage") if last else None
    start, end = (low.number() if low else 0.0) or 0.0, (high.number() if high else 0.0) or 0.0
    end = 100.0 if end <= 0 or end > 100 else end
    return (
        (old.name() if old else None) or "",
        (new.name() if new else None) or "",
        min(max(start, 0.0), 100.0),
        end,
    )


def _progressive(ramp: Part) -> tuple[Said[str], tuple[RolloutStage, ...]]:
    first, last = ramp.get("initial"), ramp.get("end")
    old, new, low, high = _ends(first, last)
    dates = [each.get("date") if each else None for each in (first, last)]
    since, until = (str(each.value) if each else "?" for each in dates)
    said = f"from {low:g}% to {high:g}% of {shown(new)} between {shown(since)} and {shown(until)}"
    at = last.key_at if last else ramp.key_at
    share = last.get("percentage") if last else None
    place = share.at if share else at
    shares = (VariantShare(new, high / 100, place), VariantShare(old, 1 - high / 100, place))
    return Said(said, ramp.key_at), (RolloutStage(shares, place),)


def _scheduled(name: Said[str], flag: Part, rules: Sequence[_Rule]) -> tuple[RolloutStage, ...]:
    """What is served from each date on: the steps change the flag one after the other."""
    scheduled = flag.get("scheduledRollout")
    if scheduled is None:
        return ()
    dated = [(_instant(each.get("date")), each) for each in scheduled.list()]
    known = sorted(((date, each) for date, each in dated if date), key=lambda pair: pair[0])
    stages: list[RolloutStage] = []
    current = [dict(each) for each in rules]
    for position, (date, step) in enumerate(known):
        current = _changed(current, step)
        default = chain.audiences(_steps(name, flag, current), DEFAULT, name.at)[-1]
        later = known[position + 1][0] if position + 1 < len(known) else None
        shares = default.shares
        place = next((each.at for each in shares if _is_below(each.at, step)), step.at)
        stages.append(RolloutStage(shares, place, later - date if later else None))
    return tuple(stages)


def _is_below(at: object, step: Part) -> bool:
    whole = step.source.span(step.path)
    return bool(whole.start <= at.start <= whole.end)  # type: ignore[attr-defined]


def _changed(rules: list[_Rule], step: Part) -> list[_Rule]:
    """The rules after a step: those of the same name are merged, new ones come before the default."""
    *targeted, default = rules
    for update in targeting.list() if (targeting := step.get("targeting")) else ():
        keys = _keys(update)
        named = next((each for each in targeted if _name(each) and _name(each) == _name(keys)), None)
        if named is None:
            targeted.append(keys)
        else:
            _merge(named, keys)
    if changed := step.get("defaultRule"):
        _merge(default, _keys(changed))
    return [*targeted, default]


def _name(rule: _Rule) -> object:
    return rule["name"].value if "name" in rule else None


def _merge(rule: _Rule, update: _Rule) -> None:
    """Percentages are merged variation by variation, a negative one taking its variation away."""
    for key, value in update.items():
        before = rule.get(key)
        if key == "percentage" and before is not None and isinstance(before.value, dict):
            rule[key] = _Merged(before, value)
        else:
            rule[key] = value


class _Merged(Part):
    """Percentages of which each is where it was written last."""

    __slots__ = ("_parts",)

    def __init__(self, before: Part, after: Part) -> None:
        super().__init__(after.source, {**dict.fromkeys(dict(before.items()))}, after.path)
        parts = {**dict(before.items()), **dict(after.items())}
        self._parts = {key: each for key, each in parts.items() if not (each.number() or 0) < 0}

    def items(self) -> Iterator[tuple[str, Part]]:
        yield from self._parts.items()


def _instant(date: Part | None) -> datetime | None:
    if date is None or not isinstance(date.value, str):
        return None
    try:
        instant = datetime.fromisoformat(date.value)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
