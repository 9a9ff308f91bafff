"""What may be written at a place: keys, words, ids of the catalogue, rules and their options, roles, units.

A text that is being typed is broken more often than not. So a word is put where the cursor is, with what is open closed
behind it, and the place of that word is where something is to be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from lsprotocol import types

from egp.cli.lsp.columns import Columns
from egp.cli.lsp.places import Spot, scalars
from egp.cli.lsp.reading import OpenFile
from egp.cli.lsp.shapes import Declared, declared_at
from egp.plan.experiment import Experiment
from egp.plan.quantity import Count, Measure, MetricChange, Share
from egp.plan.typed_reader import Money
from egp.policy.file import PolicyFile
from egp.policy.settings import WEIGHTS
from egp.policy.shipped import policy_names
from egp.rules.rule import index
from egp.stats.values import NamedTuple
from egp.yaml import Path, read_text
from egp.yaml.written import written

_CURSOR = "egpcursor"
_WORD = re.compile(r"[\w.:%@*/+-]*\Z")
_TAIL = re.compile(r"[\w.:%@*/+-]*")
_NUMBER = re.compile(r"[-+]?[0-9][0-9_.,]*")
_OPENED, _CLOSED = "[{", "]}"

_UNITS: Mapping[object, tuple[str, ...]] = {
    Share: ("%",),
    MetricChange: ("%", "pp", "bps", "ms", "s"),
    Measure: ("%", "ms", "s", "USD"),
    Money: ("USD", "EUR"),
    timedelta: ("d", "h", "w"),
    Count: ("k", "M"),
}


class Offered(NamedTuple):
    """What may be written: how it is called, what it is, what it means, what is inserted, and what it is sorted by."""

    label: str
    kind: types.CompletionItemKind
    detail: str = ""
    inserted: str = ""
    rank: str = ""

    def item(self, where: types.Range) -> types.CompletionItem:
        return types.CompletionItem(
            self.label,
            kind=self.kind,
            detail=self.detail or None,
            sort_text=self.rank or None,
            text_edit=types.TextEdit(where, self.inserted or self.label),
        )


class Slot:
    """Where something is to be written: at which path, as a key or as a value, beside what."""

    def __init__(self, spot: Spot, word: str) -> None:
        self.word = word
        self.document = spot.document
        self.is_key = spot.is_key
        self.path: Path = spot.path[:-1] if spot.is_key else spot.path
        holder = _at(spot.document.value, self.path) if spot.is_key else None
        self.beside = {key for key in holder if _CURSOR not in key} if isinstance(holder, dict) else set()
        is_alone = bool(self.path) and isinstance(self.path[-1], int) and not self.beside
        self.is_value = not spot.is_key or is_alone
        """Whether a value may stand there: what is alone in its item of a list can be that or a key."""


def slot_at(text: str, offset: int) -> Slot | None:
    """What is to be written at an offset; None where nobody can tell."""
    before, after = text[:offset], text[offset:]
    found = _WORD.search(before)
    word = found[0] if found else ""
    tail = _TAIL.match(after)
    rest = after[len(tail[0]) if tail else 0 :]
    before = before[: len(before) - len(word)]
    line_end = re.search(r"[\r\n]", rest)
    same_line = rest[: line_end.start()] if line_end else rest
    for behind in (rest, same_line, ""):
        for mark in (f"{_CURSOR}: ", f"{_CURSOR}", f" {_CURSOR}"):
            if mark.endswith(" ") and behind.lstrip(" ")[:1] == ":":
                continue
            tried = before + mark + behind
            for closed in (tried, tried + _closing(before)):
                for document in read_text(closed):
                    if document.problems:
                        continue
                    spot = next((each for each in scalars(document) if _CURSOR in each.written), None)
                    if spot:
                        return Slot(spot, word)
    return None


def _closing(before: str) -> str:
    """The brackets that are open at the end of a text, closed."""
    open_ones: list[str] = []
    for line in before.splitlines():
        for character in re.sub(r"\"[^\"]*\"|'[^']*'|(?:^|\s)#.*", "", line):
            if character in _OPENED:
                open_ones.append(_CLOSED[_OPENED.index(character)])
            elif character in _CLOSED and open_ones:
                open_ones.pop()
    return "".join(reversed(open_ones))


def completions_at(
    reading: OpenFile, text: str, columns: Columns, position: types.Position
) -> list[types.CompletionItem]:
    offset = columns.offset(position)
    slot = slot_at(text, offset)
    if slot is None or reading.shape is None:
        return []
    start = offset - len(slot.word)
    tail = _TAIL.match(text[offset:])
    where = columns.span(start, offset + (len(tail[0]) if tail else 0))
    found = {each.label: each for each in _items(reading, slot)}
    return [each.item(where) for each in found.values()]


def _items(reading: OpenFile, slot: Slot) -> Iterator[Offered]:
    assert reading.shape is not None
    rule_id = _rule_above(slot.path)
    if reading.shape is PolicyFile and slot.path[-1:] == ("rules",):
        for rule_id, family in _rule_ids(reading):
            yield Offered(
                rule_id, types.CompletionItemKind.Reference, family, f"{rule_id}: {{severity: error}}"
            )
    elif reading.shape is PolicyFile and rule_id:
        yield from _of_rule(reading, slot, rule_id)
    else:
        declared = declared_at(reading.shape, slot.path)
        if slot.is_key:
            yield from _keys(declared, slot)
        if slot.is_value:
            yield from _values(reading, slot, declared)


def _keys(declared: Declared, slot: Slot) -> Iterator[Offered]:
    for shape in declared.mappings:
        for key, _, _, field in shape.fields():
            if key not in slot.beside:
                rank = f"{'0' if key in shape.needs else '1'}{key}"
                yield Offered(key, types.CompletionItemKind.Property, field.description, f"{key}: ", rank)


def _values(reading: OpenFile, slot: Slot, declared: Declared) -> Iterator[Offered]:
    description = declared.field.description if declared.field else ""
    for word in declared.words:
        yield Offered(word, types.CompletionItemKind.EnumMember, description)
    yield from _named(reading, slot)
    if slot.word and _NUMBER.fullmatch(slot.word):
        for of in declared.of:
            for unit in _UNITS.get(of, ()):
                yield Offered(
                    slot.word + (f" {unit}" if len(unit) == 3 and unit.isupper() else unit),
                    types.CompletionItemKind.Unit,
                )
    for example in declared.field.examples if declared.field else ():
        if not isinstance(example, (list, dict)):
            yield Offered(
                written(example), types.CompletionItemKind.Value, f"as in this example. {description}"
            )
    if date in declared.of and reading.judged.as_of:
        yield Offered(
            reading.judged.as_of.isoformat(),
            types.CompletionItemKind.Value,
            "the day that plans are judged on",
        )


def _named(reading: OpenFile, slot: Slot) -> Iterator[Offered]:
    """Names that the policy, its catalogue or the file itself knows."""
    for name, meaning in _names(reading, slot):
        yield Offered(written(name), types.CompletionItemKind.Reference, meaning)


Names = Iterable[tuple[str, str]]
"""Names, each with what it is."""


def _names(reading: OpenFile, slot: Slot) -> Names:
    path = slot.path
    last = path[-1] if path else ""
    if reading.shape is Experiment and (
        last == "id" or path[:1] == ("stop_rules",) or path[-2:-1] == ("rollback",)
    ):
        return _of_plan(reading, slot)
    if last == "rule":
        return _rule_ids(reading)
    if last == "fact":
        return [
            (str(name), "a fact of this catalogue")
            for name in _mapping(slot.document.value).get("facts") or ()
        ]
    if "extends" in path:
        return [(name, "a policy that egp ships") for name in policy_names()]
    return _of_policy(reading, path)


def _of_plan(reading: OpenFile, slot: Slot) -> Names:
    path, policy, value = slot.path, reading.judged.policy, _mapping(slot.document.value)
    if path[-1] == "metric":
        return [(name, "a metric of this plan") for name in _ids(value, ("primary_metric", "_metrics"))]
    if path == ("holdout", "of") and policy:
        return [(name, each.terms.description or "") for name, each in policy.holdouts.items()]
    if path == ("rollback", "to"):
        return [(name, "a variant of this plan") for name in _ids(value, ("variants",))]
    if policy and policy.metrics and "metric" in str(path[0]):
        return [(name, each.label or "") for name, each in policy.metrics.metrics.items()]
    return ()


def _of_policy(reading: OpenFile, path: Path) -> Names:
    policy, last = reading.judged.policy, path[-1] if path else ""
    if policy is None:
        return ()
    if path == ("population", "of") and policy.metrics:
        return [(name, each.label or "") for name, each in policy.metrics.populations.items()]
    if last == "role" or "approvers" in path:
        return [(role, ", ".join(people)) for role, people in policy.roles.items()]
    if last in ("by", "approver"):
        return [(person, f"holds {role}") for role, people in policy.roles.items() for person in people]
    if "when" in path and "tier" in path:
        return [(tier, "a tier of this policy") for _, tier in policy.tiers]
    return ()


def _rule_ids(reading: OpenFile) -> Names:
    policy = reading.judged.policy
    known = {**index(), **(policy.catalogue.brought if policy else {})}
    return [(rule_id, rule.family) for rule_id, rule in known.items()]


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _ids(value: Mapping[str, object], parts: tuple[str, ...]) -> Iterator[str]:
    for part, items in value.items():
        if part.endswith(parts):
            for item in items if isinstance(items, list) else [items]:
                if isinstance(item, dict) and isinstance(item.get("id"), str) and _CURSOR not in item["id"]:
                    yield item["id"]


def _rule_above(path: Path) -> str:
    """The rule whose setting a place lies in."""
    at = max((at for at, step in enumerate(path) if step == "rules"), default=-1)
    return str(path[at + 1]) if -1 < at < len(path) - 1 else ""


def _of_rule(reading: OpenFile, slot: Slot, rule_id: str) -> Iterator[Offered]:
    policy = reading.judged.policy
    known = policy and rule_id in policy.catalogue
    rule = policy.catalogue.load(rule_id) if policy and known else index().get(rule_id)
    if rule is None:
        return
    if slot.path[-1] == "severity":
        for word in WEIGHTS:
            yield Offered(word, types.CompletionItemKind.EnumMember, "how heavily the rule weighs")
    elif slot.path[-1] == "waivable":
        yield from (Offered(word, types.CompletionItemKind.EnumMember) for word in ("true", "false"))
    elif slot.is_key:
        meanings = {name: option.meaning for name, option in rule.options.items()}
        more = {"severity": "how heavily the rule weighs", "waivable": "whether a waiver may set it aside"}
        for name, meaning in {**more, **meanings, "from": "the day from which this holds"}.items():
            if name not in slot.beside:
                yield Offered(name, types.CompletionItemKind.Property, meaning, f"{name}: ")
    elif policy and policy.metrics and "metrics" in slot.path:
        for name, metric in policy.metrics.metrics.items():
            yield Offered(name, types.CompletionItemKind.Reference, metric.label or "")


def _at(value: object, path: Path) -> object:
    for step in path:
        try:
            value = value[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return value
