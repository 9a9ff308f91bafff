"""Reading what a policy file says of its rules, plain or day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial

from egp.plan.finding import SEVERITIES
from egp.plan.quantity import QuantityError, day, shown
from egp.plan.typed_reader import ValueProblem, nearest
from egp.policy.layers import ALWAYS, OFF, SETTINGS, SHADOW, Dated, Origin, SettingValue
from egp.policy.params import read_options
from egp.rules.rule import Catalogue, Rule
from egp.stats.values import NamedTuple
from egp.yaml import Document, Path

WEIGHTS = (*SEVERITIES, SHADOW, OFF)
"""What a policy may make of a finding."""

_DAY_KEYS = ("from", "retroactive")


class SettingsEntry(NamedTuple):
    """A mapping with settings of a rule: the only one, or one of a list."""

    path: Path
    position: int
    written: object

    @property
    def settings(self) -> dict[str, object]:
        """What it sets, without the day from which it does."""
        written = self.written if isinstance(self.written, dict) else {}
        return {name: value for name, value in written.items() if name not in _DAY_KEYS}


def entries_of(setting: object, path: Path) -> list[SettingsEntry]:
    """The mappings that a setting consists of."""
    if isinstance(setting, list):
        return [SettingsEntry((*path, at), at, item) for at, item in enumerate(setting)]
    return [SettingsEntry(path, 0, setting)]


def read_settings(
    document: Document,
    rules: Mapping[str, object],
    path: Path,
    problems: list[ValueProblem],
    catalogue: Catalogue,
) -> tuple[dict[str, Mapping[str, SettingValue]], dict[str, tuple[Dated, ...]]]:
    """The rules' settings without a day, and what changes in them later; mistakes are appended to ``problems``."""
    settings: dict[str, Mapping[str, SettingValue]] = {}
    dated: dict[str, tuple[Dated, ...]] = {}
    for rule_id, setting in rules.items():
        at = (*path, rule_id)
        if rule_id not in catalogue:
            problems.append(_unknown_rule(rule_id, at, catalogue))
        elif setting == []:
            problems.append(_no_mapping(rule_id, at, "an empty list"))
        else:
            rule = catalogue.load(rule_id)
            read = [*_read_entries(document, rule, entries_of(setting, at), problems)]
            settings[rule_id] = next((values for since, _, values in read if since is None), {})
            later = tuple(Dated(since, reaches_back, values) for since, reaches_back, values in read if since)
            if later:
                dated[rule_id] = later
    return settings, dated


def _read_entries(
    document: Document, rule: Rule, entries: list[SettingsEntry], problems: list[ValueProblem]
) -> Iterator[tuple[date | None, bool, dict[str, SettingValue]]]:
    """(day from which it holds, whether it reaches back, values) of every entry."""
    rule_id = rule.id
    latest: date | None = None
    for entry in entries:
        if not isinstance(entry.written, dict):
            problems.append(_no_mapping(rule_id, entry.path, "no mapping"))
            continue
        since = since_of(rule_id, entry, entry.written, latest, problems)
        reaches_back = _reaches_back(entry, entry.written, problems)
        if len(entry.written) > len(entry.settings) and not entry.settings:
            message = f"this entry of {rule_id} changes nothing"
            advice = "say what changes on that day, as in `severity: error`"
            problems.append(ValueProblem(entry.path, "missing", message, advice))
        latest = since or latest
        values = _values(document, rule, entry.settings, entry.path, problems)
        if since:
            values = {name: value._replace(since=since) for name, value in values.items()}
        yield since, reaches_back, values


def since_of(
    rule_id: str,
    entry: SettingsEntry,
    written: Mapping[str, object],
    latest: date | None,
    problems: list[ValueProblem],
) -> date | None:
    """The day from which an entry holds; the first one may hold from the beginning."""
    at = (*entry.path, "from")
    if "from" not in written:
        if entry.position:
            message = f"this entry of {rule_id} does not say from which day it holds"
            problems.append(
                ValueProblem(entry.path, "missing", message, "add `from:` with a day, as in 2026-12-01")
            )
        return None
    try:
        since = day(written["from"])
    except QuantityError as error:
        problems.append(ValueProblem(at, "wrong-type", f"from: {error}", "write a day, as in 2026-12-01"))
        return None
    if latest and since <= latest:
        message = f"from {since} does not come after {latest}, the day of an entry before it"
        problems.append(
            ValueProblem(at, "wrong-type", message, "put the entries in the order of their days, one a day")
        )
    return since


def _reaches_back(entry: SettingsEntry, written: Mapping[str, object], problems: list[ValueProblem]) -> bool:
    if "retroactive" not in written:
        return False
    at, value = (*entry.path, "retroactive"), written["retroactive"]
    if not isinstance(value, bool):
        problems.append(
            ValueProblem(at, "wrong-type", f"retroactive is {shown(value)}", "write true or false")
        )
    elif "from" not in written:
        message = "retroactive without a day means nothing: what has no day holds for every plan"
        problems.append(ValueProblem(at, "wrong-type", message, "add `from:`, or leave `retroactive:` out"))
    return value is True


def _no_mapping(rule_id: str, path: Path, found: str) -> ValueProblem:
    advice = "write `{severity: error}`, with the rule's options beside it"
    return ValueProblem(path, "wrong-type", f"the setting of {rule_id} is {found}", advice)


def _values(
    document: Document, rule: Rule, setting: dict[str, object], path: Path, problems: list[ValueProblem]
) -> dict[str, SettingValue]:
    read: dict[str, object] = {}
    if "severity" in setting:
        read["severity"] = _severity(setting["severity"], (*path, "severity"), problems)
    if "waivable" in setting:
        read["waivable"] = setting["waivable"]
        if not isinstance(setting["waivable"], bool):
            message = f"waivable is {shown(setting['waivable'])}"
            problems.append(ValueProblem((*path, "waivable"), "wrong-type", message, "write true or false"))
    problems.extend(_unchangeable(rule.id, setting, path))
    options = {name: value for name, value in setting.items() if name not in SETTINGS}
    if options:
        read.update(read_options(rule, options, path, problems))
    return {
        name: SettingValue(value, partial(origin_of, document, (*path, name))) for name, value in read.items()
    }


def origin_of(document: Document, path: Path) -> Origin:
    """Where a policy says something."""
    line, column = document.span(path, key=True).start
    return Origin(document.path, line, column)


def _unchangeable(rule_id: str, setting: Mapping[str, object], path: Path) -> Iterator[ValueProblem]:
    """Settings that contradict what holds under every policy."""
    for name, always in ALWAYS.get(rule_id, {}).items():
        if name in setting and setting[name] != always.value:
            message = f"{rule_id} is an error under every policy, and not waivable"
            advice = "remove this: what cannot be read never passes, and no waiver is refused in silence"
            yield ValueProblem((*path, name), "wrong-type", message, advice)


def _severity(value: object, path: Path, problems: list[ValueProblem]) -> object:
    if value in WEIGHTS:
        return value
    guess = nearest(value, WEIGHTS) if isinstance(value, str) else ""
    hint = f", did you mean `{guess}`?" if guess else ""
    problems.append(
        ValueProblem(
            path, "wrong-type", f"severity is {shown(value)}{hint}", f"write one of {', '.join(WEIGHTS)}"
        )
    )
    return OFF


def _unknown_rule(rule_id: str, path: Path, catalogue: Catalogue) -> ValueProblem:
    guess = nearest(rule_id, catalogue)
    hint = f", did you mean `{guess}`?" if guess else ""
    return ValueProblem(
        path, "unknown-key", f"there is no rule `{shown(rule_id)}`{hint}", "`egp rules` lists all rules"
    )
