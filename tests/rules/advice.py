"""What a diagnostic advises, applied to the plan: settings in backticks, and lines to add to a list."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_args, get_origin

from egp.document import Path, read_text
from egp.experiment import Experiment
from egp.shape import Shape, required_type

Setting = tuple[str, object]
"""A key as the advice names it, and its new value."""

_TOLD = re.compile(r"(?P<verb>set|add|write|and|or|,|^) ?`(?P<text>[^`]+)`(?: to `(?P<list>\w+)`)?")
_SETTING = re.compile(r"(?P<key>[a-z_]+(?:\[\d+\]|\.[a-z_]+)*): (?P<value>.+)", re.DOTALL)


def options(help: str) -> list[list[Setting]]:
    """The ways out that the advice offers in so many words, each as the settings that belong together."""
    found: list[list[Setting]] = []
    for match in _TOLD.finditer(help):
        setting = _setting_of(match["text"], match["list"])
        if setting is None:
            continue
        before = help[: match.start()]
        goes_on = found and match["verb"] in ("and", ",") and before.rstrip().endswith("`")
        if goes_on:
            found[-1].append(setting)
        else:
            found.append([setting])
    return found


def _setting_of(text: str, of_list: str | None) -> Setting | None:
    if text.startswith("- "):
        return (f"{of_list}[]", read_text(text)[0].value[0]) if of_list else None  # type: ignore[index]
    match = _SETTING.fullmatch(text)
    return (match["key"], read_text(f"value: {match['value']}")[0].value["value"]) if match else None  # type: ignore[index]


def applied(plan: dict[str, Any], at: Path, settings: list[Setting]) -> dict[str, Any]:
    """The plan with the settings made; a bare key is the one beside the finding's, else the plan's only one."""
    changed = copy.deepcopy(plan)
    for key, value in settings:
        _set(changed, path_of(key, at), value)
    return changed


def path_of(key: str, at: Path) -> Path:
    if key.endswith("[]"):
        return (key[:-2], "[]")
    steps: list[str | int] = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", key)]
    if len(steps) > 1:
        return tuple(steps)
    keys = set(_keys(Experiment))
    beside = (*at[:-1], key)
    if tuple(step for step in beside if isinstance(step, str)) in keys:
        return beside
    if (key,) in keys:
        return (key,)
    (place,) = [place for place in keys if place[-1] == key and len(place) == 2]
    return place


def _keys(shape: type[Shape], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all keys of a plan, without positions."""
    for key, _, annotation, _ in shape.fields():
        yield (*above, key)
        for part in _shapes(annotation):
            yield from _keys(part, (*above, key))


def _shapes(annotation: Any) -> Iterator[type[Shape]]:
    wanted = required_type(annotation)
    if isinstance(wanted, type) and get_origin(wanted) is None and issubclass(wanted, Shape):
        yield wanted
    for argument in get_args(wanted):
        yield from _shapes(argument)


def _set(target: Any, path: Path, value: object) -> None:
    for step, following in pairwise(path):
        if isinstance(target, dict) and step not in target:
            target[step] = [] if following == "[]" else {}
        target = target[step]
    if path[-1] == "[]":
        target.append(value)
    else:
        target[path[-1]] = value
