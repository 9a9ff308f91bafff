"""flagd: flag definitions in JSON or YAML, and the same in a `FeatureFlag` of the OpenFeature operator.

Weights of `fractional` are relative to their sum, and a weight that is left out is 1. The hash is of the flag's key and
`targetingKey`, or of what the first argument names; a unit without it gets `defaultVariant`. A `fractional` within
another one that hashes the same divides no further: a unit's hash is one number, so the inner weights apply to the part
of it that is left. Whatever targeting returns null for gets `defaultVariant`. `state: DISABLED` serves what the
application says itself.

Reads:

```yaml
flags:
  pdp_buy_now:
    state: ENABLED
    variants: {control: false, buy_now: true}
    defaultVariant: control
    targeting: {fractional: [[control, 1], [buy_now, 3]]}
```

As:

```yaml
- flag: pdp_buy_now
  enabled: true
  default: control
  audiences:
    - {unit: targetingKey, salt: pdp_buy_now, sticky: true, shares: {control: 25%, buy_now: 75%}}
```

Reads, the inner weights dividing what is left of one hash:

```yaml
flags:
  nested:
    state: ENABLED
    variants: {a: 1, b: 2, c: 3}
    defaultVariant: a
    targeting: {fractional: [[a, 50], [{fractional: [[b, 50], [c, 50]]}, 50]]}
```

As:

```yaml
- flag: nested
  audiences: [{shares: {a: 50%, b: 0%, c: 50%}}]
```

Reads, a rule before the split:

```yaml
flags:
  staff_first:
    state: ENABLED
    variants: {on: true, off: false}
    defaultVariant: off
    targeting:
      if:
        - {ends_with: [{var: email}, "@example.com"]}
        - on
        - fractional: [{cat: [{var: $flagd.flagKey}, {var: email}]}, [on, 10], [off, 90]]
```

As:

```yaml
- flag: staff_first
  audiences:
    - {condition: '{"ends_with": [{"var": "email"}, "@example.com"]}', shares: {on: 100%}}
    - {unit: email, salt: staff_first, shares: {on: 10%, off: 90%}}
```

Not checked, saying "a weight is computed":

```yaml
flags:
  computed:
    state: ENABLED
    variants: {on: true, off: false}
    defaultVariant: off
    targeting: {fractional: [[on, {var: weight}], [off, 50]]}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from egp.plan.quantity import shown
from egp.record.rollouts.chain import added
from egp.record.rollouts.filled_in import RESPELT, respelt, unless_filled_in
from egp.record.rollouts.part import Part
from egp.record.rollouts.reading import RolloutFile, sound_documents
from egp.record.rollouts.rollout import (
    DEFAULT,
    Audience,
    Rollout,
    Said,
    Unread,
    VariantShare,
    Weights,
)
from egp.stats.values import NamedTuple, replace
from egp.yaml import Span

TARGETING_KEY = "targetingKey"
_KEYS = frozenset(("flags", "$evaluators", "state", "variants", "defaultVariant", "targeting"))
FLAG_KEY = "$flagd.flagKey"

_REFERENCE = '"$ref"'

_DEEPEST = 20
"""References and splits within each other that are followed."""

_COMPARING = frozenset(
    [
        "==",
        "===",
        "!=",
        "!==",
        "<",
        "<=",
        ">",
        ">=",
        "in",
        "!",
        "!!",
        "starts_with",
        "ends_with",
        "sem_ver",
        "missing_some",
        "all",
        "some",
        "none",
    ]
)
_JOINING = frozenset(("and", "or"))
"""Operators of JSONLogic that answer true or false, and those that give back what one of their operands is."""

_LARGEST_TOTAL = 2**31 - 1

READS_TOGETHER = False
"""Whether one file may be needed to read another one."""
WITHDRAWN_BY = "defaultVariant without targeting, or state: DISABLED"
SWITCHED_OFF = "DISABLED"
"""The word by which the file itself turns a flag off."""


_PAYLOAD = frozenset(("variants", "metadata", "targeting"))
"""Keys of a flag below which texts decide nothing, or are followed one by one."""


class _Elsewhere(Exception):
    """What cannot be known from the file: why, and where it stands."""

    def __init__(self, reason: str, at: Span) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class _Hash(NamedTuple):
    """What a split hashes: two splits with equal ones divide the same line."""

    expression: str
    unit: Said[str] | None
    salt: Said[str] | None


class _Slice(NamedTuple):
    variant: str
    share: float
    at: Span


_Windows = Mapping[str, tuple[float, float]]
"""Hash → the part of its line, from 0 to 1, that units here lie in."""


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every flag of the files."""
    unread: list[Unread] = []
    for document in sound_documents(files, unread):
        root = Part(document, document.value)
        if (other := respelt(root, _KEYS, _PAYLOAD)) is not None:
            unread.append(Unread(document.path, other.key_at, RESPELT))
            continue
        spec = root.get("spec", "flagSpec") or root
        evaluators = spec.get("$evaluators")
        for key, flag in _flags(spec):
            if not flag.is_mapping:
                unread.append(Unread(document.path, key.at, "it says nothing that a flag says", key.value))
                continue
            rollout = _Flag(document.path, document.index, environment, key, flag, evaluators).rollout()
            yield unless_filled_in(rollout, [flag], _PAYLOAD)
        flags = spec.get("flags")
        if flags is None or not (flags.is_mapping or flags.is_list):
            unread.append(Unread(document.path, document.span(()), "it has no `flags`"))
        elif any(flag.get("key") is None for flag in flags.list()):
            unread.append(Unread(document.path, flags.key_at, "a flag has no key"))
    yield from unread


def _flags(spec: Part) -> Iterator[tuple[Said[str], Part]]:
    flags = spec.get("flags")
    if flags is None:
        return
    for name, flag in flags.items():
        yield Said(name, flag.key_at), flag
    for flag in flags.list():
        key = flag.get("key")
        if key is not None and (said := key.said_text()):
            yield said, flag


class _Flag:
    """One flag while it is read."""

    def __init__(
        self, path: str, number: int, environment: str, key: Said[str], flag: Part, evaluators: Part | None
    ) -> None:
        self._path = path
        self._number = number
        self._environment = environment
        self._key = key
        self._flag = flag
        self._evaluators = evaluators
        self._unread: list[Unread] = []

    def rollout(self) -> Rollout:
        flag = self._flag
        default = flag.get("defaultVariant")
        self._default = default.said_text() if default and default.value != "" else None
        targeting = flag.get("targeting")
        if targeting is None or targeting.value == {}:
            audiences = [self._everyone()]
        else:
            audiences = list(self._audiences(targeting, "", 0))
        state = flag.get("state")
        declared = flag.get("variants")
        return Rollout(
            format="flagd",
            path=self._path,
            document=self._number,
            flag=self._key,
            environment=self._environment,
            enabled=Said(state.value != "DISABLED", state.at) if state else None,
            default=self._default,
            variants=tuple(Said(name, each.key_at) for name, each in declared.items()) if declared else (),
            values=tuple((name, each.as_json()) for name, each in declared.items()) if declared else (),
            audiences=tuple(map(self._whole, audiences)),
            withdrawn_by=WITHDRAWN_BY,
            unread=tuple(self._unread),
        )

    def _whole(self, audience: Audience) -> Audience:
        """An audience with what its condition and its split refer to."""
        if self._evaluators is None or _REFERENCE not in f"{audience.condition}{audience.layout}":
            return audience
        referred = self._evaluators.as_json()
        is_meant = _REFERENCE in audience.condition
        return replace(
            audience,
            means=referred if is_meant else "",
            layout=f"{audience.layout}{referred}" if _REFERENCE in audience.layout else audience.layout,
        )

    def _everyone(self) -> Audience:
        at = self._default.at if self._default else self._key.at
        return Audience(at, (VariantShare(self._default_name, 1.0, at),))

    @property
    def _default_name(self) -> str:
        return self._default.value if self._default else DEFAULT

    def _audiences(self, expression: Part, condition: str, depth: int) -> Iterator[Audience]:
        """Who is served what by an expression, for those whom no audience before has."""
        try:
            expression = self._followed(expression, depth)
            branches = _branches(expression) or _answers(expression)
            if branches is None:
                yield self._audience(expression, condition)
                return
        except _Elsewhere as unknown:
            yield self._unknown(unknown, condition)
            return
        for test, result in branches:
            if test is not None and _is_never(test.value):
                continue
            is_all = test is None or test.value is True
            own = condition if is_all or test is None else _both(condition, _text(test))
            if result is None:
                at = expression.at
                yield Audience(at, (VariantShare(self._default_name, 1.0, at),), own)
            else:
                yield from self._audiences(result, own, depth + 1)
            if is_all:
                return

    def _unknown(self, unknown: _Elsewhere, condition: str) -> Audience:
        self._unread.append(Unread(self._path, unknown.at, unknown.reason, self._key.value))
        return Audience(unknown.at, condition=condition, unread=unknown.reason)

    def _audience(self, expression: Part, condition: str) -> Audience:
        arguments = _arguments(expression, "fractional")
        if arguments is None:
            name = self._variant(expression)
            return Audience(expression.at, (VariantShare(name, 1.0, expression.at),), condition)
        hashed, weighed = self._hashed(expression, arguments)
        slices = self._slices(expression, {}, 0)
        total = sum(filter(None, (_weight(each) for each in weighed)))
        return Audience(
            at=expression.key_at,
            shares=added([VariantShare(*each) for each in slices]),
            condition=condition,
            unit=hashed.unit,
            salt=hashed.salt,
            sticky=Said(True, hashed.unit.at) if hashed.unit else None,
            weights=Weights(total, None, expression.key_at),
            layout=_text(expression),
            line=self._laid_out(weighed),
        )

    def _laid_out(self, weighed: Sequence[Part]) -> tuple[tuple[str, float, float], ...] | None:
        """Which hashes get which variant, of a split without another one in it."""
        found = [(next(item.list()), ends) for item, ends in _line(weighed)]
        if any(isinstance(result.value, (dict, list)) for result, _ in found):
            return None
        return tuple((self._variant(result), *ends) for result, ends in found)

    def _slices(self, expression: Part, windows: _Windows, depth: int) -> list[_Slice]:
        """The variants of an expression, with the share of the units here that get each."""
        if depth > _DEEPEST:
            raise _Elsewhere("it nests too deeply", expression.at)
        expression = self._followed(expression, depth)
        arguments = _arguments(expression, "fractional")
        if arguments is None:
            return [_Slice(self._variant(expression), 1.0, expression.at)]
        hashed, weighed = self._hashed(expression, arguments)
        first, last = windows.get(hashed.expression, (0.0, 1.0))
        found: list[_Slice] = []
        for item, (start, end) in _line(weighed):
            low, high = max(first, start), min(last, end)
            share = max(0.0, high - low) / (last - first)
            result = next(item.list())
            if share <= 0.0:
                found += [
                    _Slice(each.variant, 0.0, item.at) for each in self._slices(result, windows, depth + 1)
                ]
                continue
            inner = self._slices(result, {**windows, hashed.expression: (low, high)}, depth + 1)
            at = item.at if len(inner) == 1 else None
            found += [_Slice(each.variant, share * each.share, at or each.at) for each in inner]
        return found or [_Slice(self._default_name, 1.0, expression.at)]

    def _hashed(self, expression: Part, arguments: Sequence[Part]) -> tuple[_Hash, Sequence[Part]]:
        first = arguments[0] if arguments else None
        if first is None:
            raise _Elsewhere("`fractional` has no arguments", expression.at)
        if isinstance(first.value, list):
            at = expression.key_at
            own = Said(self._key.value, self._key.at)
            return _Hash(f"{FLAG_KEY}+{TARGETING_KEY}", Said(TARGETING_KEY, at), own), arguments
        names = list(_variables(first))
        units = [each for each in names if each.value != FLAG_KEY]
        if not units:
            message = f"`fractional` hashes {shown(_text(first))}, which is the same for every unit"
            raise _Elsewhere(message, first.at)
        salted = len(names) > len(units)
        unit = Said("+".join(each.value for each in units), first.at)
        salt = Said(self._key.value, first.at) if salted else Said("", first.at)
        return _Hash(_text(first), unit, salt), arguments[1:]

    def _variant(self, expression: Part) -> str:
        """The name that an expression without a split comes to."""
        if expression.value is None:
            return self._default_name
        if isinstance(expression.value, (dict, list)):
            operator = next(iter(expression.value), "") if isinstance(expression.value, dict) else "a list"
            raise _Elsewhere(f"a variant is computed by `{shown(operator)}`", expression.at)
        if reason := expression.computed:
            raise _Elsewhere(reason, expression.at)
        return expression.name() or self._default_name

    def _followed(self, expression: Part, depth: int) -> Part:
        """What ``$ref`` stands for."""
        reference = expression.get("$ref")
        if reference is None:
            return expression
        name = reference.text() or ""
        target = self._evaluators.get(name) if self._evaluators else None
        if target is None or depth > _DEEPEST:
            raise _Elsewhere(f"`$ref` names {shown(name)}, which is none of `$evaluators`", reference.at)
        return self._followed(target, depth + 1)


def _branches(expression: Part) -> list[tuple[Part | None, Part | None]] | None:
    """(condition, result) of an ``if``; None for another expression."""
    arguments = _arguments(expression, "if") or _arguments(expression, "?:")
    if not arguments:
        return None
    pairs: list[tuple[Part | None, Part | None]] = [
        (arguments[at], arguments[at + 1]) for at in range(0, len(arguments) - 1, 2)
    ]
    pairs.append((None, arguments[-1] if len(arguments) % 2 else None))
    return pairs


def _answers(expression: Part) -> list[tuple[Part | None, Part | None]] | None:
    """The same of a comparison, whose answer names a variant true or false; None for another expression."""
    if not _is_test(expression.value):
        return None
    yes, no = (Part(expression.source, value, expression.path) for value in (True, False))
    return [(expression, yes), (None, no)]


def _is_test(value: object, depth: int = 0) -> bool:
    """Whether a value is a comparison, or comparisons that are joined."""
    if not isinstance(value, dict) or len(value) != 1 or depth > _DEEPEST:
        return False
    operator, operands = next(iter(value.items()))
    if operator in _JOINING and isinstance(operands, list):
        return bool(operands) and all(_is_test(each, depth + 1) for each in operands)
    return operator in _COMPARING


def _is_never(test: object, depth: int = 0) -> bool:
    """Whether nobody meets a condition, for certain: nothing is in an empty list."""
    if test is False:
        return True
    if not isinstance(test, dict) or len(test) != 1 or depth > _DEEPEST:
        return False
    operator, operands = next(iter(test.items()))
    if not isinstance(operands, list):
        return False
    if operator in _JOINING:
        never = [_is_never(each, depth + 1) for each in operands]
        return any(never) if operator == "and" else bool(never) and all(never)
    return operator == "in" and len(operands) == 2 and operands[1] == []


def _arguments(expression: Part, operator: str) -> list[Part] | None:
    if (
        not isinstance(expression.value, dict)
        or len(expression.value) != 1
        or operator not in expression.value
    ):
        return None
    value = Part(expression.source, expression.value[operator], (*expression.path, operator))
    return list(value.list()) if isinstance(value.value, list) else [value]


def _line(weighed: Sequence[Part]) -> Iterator[tuple[Part, tuple[float, float]]]:
    """The weighed items with the parts of the line from 0 to 1 that they have; none where all weights are 0."""
    weights = [_weight(each) for each in weighed]
    total = sum(weights)
    if not 0 < total <= _LARGEST_TOTAL:
        return
    start = 0.0
    for item, weight in zip(weighed, weights, strict=True):
        yield item, (start / total, (start + weight) / total)
        start += weight


def _weight(item: Part) -> float:
    """The weight of ``[variant, weight]``: 1 where it is left out, and at least 0. Raises _Elsewhere."""
    parts = list(item.list())
    if not 1 <= len(parts) <= 2:
        raise _Elsewhere("a part of `fractional` is no [variant, weight]", item.at)
    if len(parts) == 1:
        return 1.0
    weight = parts[1].number()
    if isinstance(parts[1].value, (dict, list)) or parts[1].computed:
        raise _Elsewhere("a weight is computed", parts[1].at)
    if weight is None or weight != int(weight):
        message = f"the weight {shown(parts[1].value)} is no whole number, and evaluators differ in what they make of it"
        raise _Elsewhere(message, parts[1].at)
    return max(0.0, weight)


def _variables(expression: Part) -> Iterator[Said[str]]:
    """The attributes that an expression reads."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        variable = part.get("var")
        if variable is not None:
            named = next(variable.list(), variable)
            if name := named.text():
                yield Said(name, named.at)
            continue
        waiting += [each for _, each in part.items()]
        waiting += part.list()


def _text(part: Part) -> str:
    return part.as_json()


def _both(condition: str, more: str) -> str:
    return f"{condition} and {more}" if condition else more
