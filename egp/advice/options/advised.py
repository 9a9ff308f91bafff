"""The ways out that diagnostics themselves advise: their settings in backticks, read back into edits.

Rules word their advice for people and keep to one form: settings as a plan has them, lines to add to a list, keys to
remove. Whatever is read here is judged on trial before it is offered, so that a misreading offers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, get_args, get_origin

from egp.advice.options.option import Candidate
from egp.plan.experiment import Experiment, declarations
from egp.plan.remedy import FREE, PROPOSAL, Price, Remedy, TradeOff, open_if
from egp.plan.typed_reader import TypedMapping, label, required_type
from egp.plan.wording import listing
from egp.yaml import Path, read_text
from egp.yaml.edits import APPEND, Addition, Edit, LineRemoval, Removal, Setting

_TOLD = re.compile(r"`(?P<text>[^`]+)`(?: to `(?P<list>\w+)`)?")
_SETTING = re.compile(r"(?P<key>[a-z_]+(?:\[\d+\]|\.[a-z_]+)*): (?P<value>.+)", re.DOTALL)
_REMOVED = re.compile(r"remove $")
_ANOTHER = re.compile(r", |,? and ")
_GOES_ON = re.compile(r",? |, .*\band\b.*|,? and\b.*| declare ")
_CONDITION = re.compile(r" if (?P<words>[^,;()`]+)")
_EXAMPLES = re.compile(r"\b(?:as in|such as) $")
_PLACEHOLDERS = re.compile(r"\b(?:own|yours|usual)\b")

_Change = Setting | Removal


@cache
def measured() -> frozenset[str]:
    """Keys that state facts: writing another value makes none."""
    return frozenset(keys[-1] for keys, each in declarations().items() if each.measured)


def offered(remedies: Iterable[Remedy]) -> Iterator[Candidate]:
    """The remedies of a diagnostic, with the price that their rule names or that follows from what they set."""
    for remedy in remedies:
        price = remedy.price if remedy.price != FREE else _price(remedy.edits)
        yield Candidate(remedy.edits, "", *price, _lever(remedy.edits))


def _price(edits: Sequence[Edit]) -> Price:
    facts = list(_facts(edits))
    if facts:
        are = "is" if len(facts) == 1 else "are"
        return open_if(f"{listing(facts)} {are} measured to be so", TradeOff.FACT)
    is_new = any(isinstance(each, Addition) and each.path[-1] == APPEND for each in edits)
    return PROPOSAL if is_new else FREE


def advised(help: str, at: Path) -> Iterator[Candidate]:
    """What the help of a diagnostic at a path offers in so many words."""
    has_placeholders = bool(_PLACEHOLDERS.search(help))
    for settings, condition in _groups(help, at):
        facts = list(_facts(settings))
        trade_off = TradeOff.EVIDENCE
        if any(each.path[-1] == "target" for each in settings):
            trade_off, price = TradeOff.FACT, "open only if the business hopes for as much"
        elif any(each.path[-1] == "registered" for each in settings):
            trade_off, price = (
                TradeOff.FACT,
                "open only if it is registered on that very day: no date is made up",
            )
        elif facts:
            trade_off = TradeOff.FACT
            price = f"open only if {listing(facts)} {'is' if len(facts) == 1 else 'are'} measured to be so"
        elif has_placeholders or any(each.path[-1] == APPEND for each in settings):
            price = PROPOSAL.words
        elif condition:
            price = f"open only if {condition}"
        else:
            trade_off, price = TradeOff.NOTHING, ""
        yield Candidate(settings, trade_off=trade_off, price=price, lever=_lever(settings))


def _facts(settings: Sequence[Edit]) -> Iterator[str]:
    """Keys among the settings that state facts."""
    for each in settings:
        if isinstance(each, (Setting, Addition)) and each.path[-1] != APPEND:
            keys = each.value if isinstance(each.value, dict) else (each.path[-1],)
            yield from (str(key) for key in keys if key in measured())


def _lever(settings: Sequence[Edit]) -> str:
    """The input that a single setting moves, named as the solver's levers name it."""
    if len(settings) > 1 or isinstance(settings[0], LineRemoval):
        return ""
    path = settings[0].path
    names = {"sample_size_per_variant": "sample", "mde": "mde", "exposure": "exposure"}
    if path[-1] == "non_inferiority_margin":
        return f"margin of {label(path[:-1])}"
    return names.get(str(path[-1]), "")


def _groups(help: str, at: Path) -> Iterator[tuple[tuple[_Change, ...], str]]:
    """Settings that belong together, option by option, and the condition that the advice makes."""
    groups: list[list[_Change]] = []
    conditions: list[str] = []
    of_list, end, is_removed = "", 0, False
    for match in _TOLD.finditer(help):
        before, end = help[end : match.start()], match.end()
        if before.endswith("under ") and match["text"].isidentifier():
            of_list = match["text"]
            continue
        is_another = is_removed and match["text"].endswith(":") and _ANOTHER.fullmatch(before) is not None
        is_removed = is_another or bool(_REMOVED.search(before))
        setting = _setting(match["text"], match["list"] or of_list, at, is_removed=is_removed)
        if setting is None or _EXAMPLES.search(before):
            continue
        condition = _CONDITION.match(help, end)
        if groups and not re.search(r"\bor\b", before) and _GOES_ON.fullmatch(before):
            groups[-1].append(setting)
        else:
            groups.append([setting])
            conditions.append("")
        conditions[-1] = condition["words"].rstrip() if condition else conditions[-1]
    yield from zip(map(tuple, groups), conditions, strict=True)


def _setting(text: str, of_list: str, at: Path, *, is_removed: bool) -> Setting | Removal | None:
    if text.startswith("- "):
        return Setting((of_list, APPEND), read_text(text)[0].value[0]) if of_list else None  # type: ignore[index]
    if is_removed:
        path = path_of(text.rstrip(":"), at)
        return Removal(path) if path else None
    match = _SETTING.fullmatch(text)
    path = path_of(match["key"], at) if match else ()
    if match is None or not path:
        return None
    value = read_text(f"value: {match['value']}")[0]
    return None if value.problems else Setting(path, value.value["value"])  # type: ignore[index]


def path_of(key: str, at: Path) -> Path:
    """The path of a key as advice names it: the nearest at or above the finding, or the plan's only one; else empty."""
    steps: list[str | int] = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", key)]
    if len(steps) > 1:
        return tuple(steps)
    for above in range(len(at), -1, -1):
        place = (*at[:above], key)
        is_in_list = len(place) > 1 and place[-2] in _lists()
        if not is_in_list and tuple(step for step in place if isinstance(step, str)) in _keys():
            return place
    if any(place[0] == at[0] and place[-1] == key for place in _keys() if at):
        return ()
    places = [place for place in _keys() if place[-1] == key and len(place) == 2 and place[0] not in _lists()]
    return places[0] if len(places) == 1 else ()


@cache
def _keys() -> frozenset[tuple[str, ...]]:
    """The paths of all keys of a plan, without positions."""
    return frozenset(_keys_of(Experiment))


@cache
def _lists() -> frozenset[str]:
    return frozenset(
        key for key, _, kind, _ in Experiment.fields() if get_origin(required_type(kind)) is tuple
    )


def _keys_of(mapping_type: type[TypedMapping], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, _, annotation, _ in mapping_type.fields():
        yield (*above, key)
        for part in _shapes(annotation):
            yield from _keys_of(part, (*above, key))


def _shapes(annotation: Any) -> Iterator[type[TypedMapping]]:
    wanted = required_type(annotation)
    if isinstance(wanted, type) and get_origin(wanted) is None and issubclass(wanted, TypedMapping):
        yield wanted
    for argument in get_args(wanted):
        yield from _shapes(argument)
