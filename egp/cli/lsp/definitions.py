"""Where what the pointer is on is defined: a metric in the catalogue, a setting at its line of the policy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from lsprotocol import types

from egp.cli.lsp.columns import Columns
from egp.cli.lsp.hovering import is_metric, rule_named, value_at
from egp.cli.lsp.judging import documents_at
from egp.cli.lsp.places import Spot, spot_at
from egp.cli.lsp.reading import OpenFile
from egp.plan.catalogue import MetricsFile
from egp.plan.experiment import Experiment
from egp.policy.file import PolicyFile
from egp.policy.layers import Origin
from egp.policy.scope import fits
from egp.policy.shipped import ROOT
from egp.policy.timing import Timing
from egp.yaml import Document, Path, Position, Span
from egp.yaml.files import is_inside, real_path, repository_root

Target = tuple[str, Span]
"""A file, and the place in it."""
_START = Position(1, 1)


def definitions_at(
    reading: OpenFile,
    position: types.Position,
    columns_of: Callable[[str], Columns],
    uri_of: Callable[[str], str],
) -> list[types.Location]:
    """Every place that defines it, the nearest first."""
    spot = spot_at(reading.documents, columns_of(reading.path).offset(position))
    if spot is None or reading.shape is None:
        return []
    found = dict.fromkeys(_targets(reading, spot))
    return [
        types.Location(uri_of(path), columns_of(path).range(span))
        for path, span in found
        if os.path.isfile(path) and _is_ours(path, reading.judged.folder)
    ]


def _is_ours(path: str, folder: str) -> bool:
    """Whether a file lies in the repository of the open folder, links followed, or comes with egp: no text leads elsewhere."""
    own = real_path(repository_root(folder) or folder)
    return any(is_inside(real_path(path), each) for each in (own, real_path(ROOT)))


def _targets(reading: OpenFile, spot: Spot) -> Iterator[Target]:
    if rule_id := rule_named(reading, spot):
        yield from _settings(reading, rule_id, spot)
    elif reading.shape is Experiment:
        yield from _in_plan(reading, spot)
    elif reading.shape is PolicyFile:
        yield from _in_policy(reading, spot)
    elif reading.shape is MetricsFile:
        yield from _in_catalogue(reading, spot)
    elif spot.path[-1] == "experiment" and not spot.is_key:
        yield from _plans(reading, value_at(spot))


def _settings(reading: OpenFile, rule_id: str, spot: Spot | None) -> Iterator[Target]:
    """The lines of policies that set a rule, other than the one that the pointer is on."""
    judged = reading.judged
    if judged.policy is None or judged.as_of is None:
        return
    values = judged.policy.generally(rule_id, Timing(judged.as_of)).values()
    layers = [
        value
        for layer in judged.policy.layers
        for entry in layer.entries(rule_id)
        for value in entry.values()
    ]
    for value in (*values, *layers):
        path, span = _place(reading, value.origin)
        own = spot and spot.document.span(spot.path, key=True).start.line
        if path and not (path == reading.path and span.start.line == own):
            yield path, span


def _place(reading: OpenFile, origin: Origin) -> Target:
    start = Position(max(origin.line, 1), origin.column)
    return (reading.file(origin.path) if origin.line else ""), Span(start, start)


def _in_plan(reading: OpenFile, spot: Spot) -> Iterator[Target]:
    path, name = spot.path, "" if spot.is_key else value_at(spot)
    policy = reading.judged.policy
    if name and path[:1] == ("stop_rules",) and path[-1] == "metric":
        yield from _named(reading.path, spot.document, "id", name, ("primary_metric", "metrics"))
    if name and is_metric(path) and policy and policy.metrics:
        yield from _catalogued(reading, "metrics", name)
    elif name and path == ("population", "of"):
        yield from _catalogued(reading, "populations", name)
    elif name and path == ("holdout", "of"):
        yield from _in_policies(reading, ("holdouts", name))
    elif name and path == ("rollback", "to"):
        yield from _named(reading.path, spot.document, "id", name, ("variants",))
    elif name and path[-1] == "role":
        yield from _in_policies(reading, ("roles", name))
    elif name and path[:1] == ("surfaces",):
        yield from _tiers(reading, name)
    yield from _judging(reading, spot)


def _named(file: str, document: Document, key: str, name: str, parts: tuple[str, ...]) -> Iterator[Target]:
    """The item of a part of the plan that has a name."""
    value = document.value if isinstance(document.value, dict) else {}
    for part, items in value.items():
        if not str(part).endswith(parts):
            continue
        listed = enumerate(items) if isinstance(items, list) else [(None, items)]
        for at, item in listed:
            if isinstance(item, dict) and item.get(key) == name:
                steps: Path = (part, key) if at is None else (part, at, key)
                yield file, document.span(steps)


def _catalogued(reading: OpenFile, part: str, name: str) -> Iterator[Target]:
    policy = reading.judged.policy
    found = policy.metrics.places.get((part, name)) if policy and policy.metrics else None
    if found:
        document, at = found
        yield reading.file(document.path), document.span(at, key=True)


def _in_policies(reading: OpenFile, path: Path) -> Iterator[Target]:
    """A path of the policy, in the files that have it."""
    for file, document in _policies(reading):
        if document.exists(path):
            yield file, document.span(path, key=True)


def _policies(reading: OpenFile) -> Iterator[tuple[str, Document]]:
    """The repository's own files of the policy."""
    policy = reading.judged.policy
    if policy is None:
        return
    for file in (reading.file(policy.file or policy.name), *policy.extended):
        yield from ((file, document) for document in documents_at(file)[:1])


def _tiers(reading: OpenFile, surface: str) -> Iterator[Target]:
    """The line of the policy that maps a surface to its tier."""
    policy = reading.judged.policy
    pattern = next((each for each, _ in policy.tiers if fits(surface, each)), None) if policy else None
    if pattern is not None:
        yield from _in_policies(reading, ("tiers", pattern))


def _judging(reading: OpenFile, spot: Spot) -> Iterator[Target]:
    """The settings of the rules that object to what stands there."""
    report = reading.judged.report
    line = spot.document.span(spot.path).start.line
    for each in report.diagnostics if report else ():
        place = each.place
        if reading.file(place.path) == reading.path and place.span.start.line <= line <= place.span.end.line:
            yield from _settings(reading, each.rule, None)


def _in_policy(reading: OpenFile, spot: Spot) -> Iterator[Target]:
    name = "" if spot.is_key else value_at(spot)
    folder = os.path.dirname(reading.path)
    if "extends" in spot.path or spot.path[:1] == ("metrics",):
        path = reading.file(name) if name.startswith("egp:") else os.path.normpath(os.path.join(folder, name))
        yield path, Span(_START, _START)
    elif "approvers" in spot.path or "role" in spot.path:
        yield from _in_policies(reading, ("roles", name))
    elif spot.path[-2:] == ("when", "tier") or "tier" in spot.path:
        tiers = spot.document.value.get("tiers", {}) if isinstance(spot.document.value, dict) else {}
        for pattern, tier in tiers.items():
            if tier == name:
                yield reading.path, spot.document.span(("tiers", pattern), key=True)
    elif name and "metrics" in spot.path:
        yield from _catalogued(reading, "metrics", name)


def _in_catalogue(reading: OpenFile, spot: Spot) -> Iterator[Target]:
    name = "" if spot.is_key else value_at(spot)
    if spot.path[-1] == "fact":
        yield from _catalogued(reading, "facts", name)
    elif spot.path[-1] == "sql":
        path = os.path.normpath(os.path.join(os.path.dirname(reading.path), name))
        yield path, Span(_START, _START)


def _plans(reading: OpenFile, name: str) -> Iterator[Target]:
    """The plan with an id."""
    for file in reading.judged.files_of(name):
        for document in documents_at(file):
            if isinstance(document.value, dict) and document.value.get("id") == name:
                yield file, document.span(("id",))
