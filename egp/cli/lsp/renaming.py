"""Renaming an id wherever it is named: in its file, in the plans that use it, in the file of waivers.

What is registered keeps its name: under another one it is another experiment, another metric, another variant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

from egp.cli.lsp.hovering import is_metric, value_at
from egp.cli.lsp.judging import documents_at
from egp.cli.lsp.places import Spot, scalars, spot_at
from egp.cli.lsp.reading import OpenFile
from egp.plan.catalogue import MetricsFile
from egp.plan.experiment import Experiment
from egp.plan.finding import HelpfulError
from egp.plan.names import is_plain
from egp.plan.quantity import shown
from egp.record.waivers import WAIVERS_FILE
from egp.stats.values import NamedTuple
from egp.yaml import Document
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular
from egp.yaml.written import written_name

IsNamed = Callable[[Spot], bool]


class RenameRefusedError(HelpfulError):
    """A name that is not changed, and why."""


class Naming(NamedTuple):
    """An id: what it is, and where it is named."""

    noun: str
    name: str
    in_plan: IsNamed | None = None
    """Places of a plan that name it."""
    is_everywhere: bool = False
    """Whether all plans may name it."""


def naming_at(reading: OpenFile, offset: int) -> tuple[Naming, Spot]:
    """The id at a place. Raises RenameRefusedError where there is none, or where it has to stay."""
    spot = spot_at(reading.documents, offset)
    naming = _naming(reading, spot) if spot else None
    if spot is None or naming is None:
        raise RenameRefusedError("there is no id here to rename")
    _require_unregistered(reading, naming, spot.document)
    return naming, spot


def _naming(reading: OpenFile, spot: Spot) -> Naming | None:
    path = spot.path
    if reading.shape is MetricsFile:
        return _of_catalogue(spot)
    if reading.shape is not Experiment or spot.is_key:
        return None
    name, policy = value_at(spot), reading.judged.policy
    if path == ("id",):
        return Naming("experiment", name, lambda at: at.path == ("id",) or _is_waived(at))
    if is_metric(path):
        if policy and policy.metrics and name in policy.metrics.metrics:
            where = policy.metrics.places["metrics", name][0].path
            raise RenameRefusedError(f"{shown(name)} is a metric of the catalogue", f"rename it in {where}")
        return Naming("metric", name, lambda at: is_metric(at.path))
    if (path[0], path[-1]) == ("variants", "id") or path == ("rollback", "to"):
        return Naming("variant", name, _is_variant)
    if (path[0], path[-1]) == ("stop_rules", "id"):
        return Naming("stop rule", name, lambda at: (at.path[0], at.path[-1]) == ("stop_rules", "id"))
    return None


def _is_waived(at: Spot) -> bool:
    return at.path[:1] == ("waivers",) and at.path[-1] == "experiment"


def _is_variant(at: Spot) -> bool:
    return (at.path[0], at.path[-1]) == ("variants", "id") or at.path == ("rollback", "to")


def _of_catalogue(spot: Spot) -> Naming | None:
    path = spot.path
    if spot.is_key and len(path) == 2 and path[0] == "metrics":
        return Naming("metric", str(path[1]), lambda at: is_metric(at.path), is_everywhere=True)
    if spot.is_key and len(path) == 2 and path[0] == "populations":
        return Naming(
            "population", str(path[1]), lambda at: at.path == ("population", "of"), is_everywhere=True
        )
    if (spot.is_key and len(path) == 2 and path[0] == "facts") or path[-1] == "fact":
        return Naming("fact", value_at(spot) or str(path[1]))
    return None


def _require_unregistered(reading: OpenFile, naming: Naming, document: Document) -> None:
    registered = reading.registrations
    if reading.shape is Experiment:
        value = document.value if isinstance(document.value, dict) else {}
        name = str(value.get("id", ""))
        if name in registered:
            raise RenameRefusedError(
                f"{shown(name)} is registered, and its ids with it: under another id it would be another {naming.noun}"
            )
    elif naming.is_everywhere:
        for file in _plans(reading, naming):
            for each in documents_at(file):
                name = str(each.value.get("id", "")) if isinstance(each.value, dict) else ""
                if name in registered and any(_mentions(each, naming)):
                    raise RenameRefusedError(
                        f"{shown(name)} is registered with this {naming.noun}: it keeps its name"
                    )


def edits(
    reading: OpenFile, naming: Naming, spot: Spot, new: str
) -> Mapping[str, list[tuple[int, int, str]]]:
    """By file, the stretches to replace and with what. Raises RenameRefusedError for a name that cannot be one."""
    if not (0 < len(new) <= 100 and is_plain(new) and new == new.strip()):
        raise RenameRefusedError(f"{shown(new)} cannot be an id", "write 1 to 100 printable characters")
    found: dict[str, list[tuple[int, int, str]]] = {}
    for file, each in _places(reading, naming, spot):
        found.setdefault(file, []).append((each.start, each.end, written_name(new)))
        _require_free(each.document, naming, new)
    return found


def _require_free(document: Document, naming: Naming, new: str) -> None:
    taken = Naming(naming.noun, new, naming.in_plan)
    if any(_mentions(document, taken)) or any(_defined(document, taken)):
        raise RenameRefusedError(f"there is a {naming.noun} {shown(new)} already", "take another name")


def _places(reading: OpenFile, naming: Naming, spot: Spot) -> Iterator[tuple[str, Spot]]:
    if reading.shape is MetricsFile:
        for file in _catalogues(reading):
            for document in documents_at(file)[:1]:
                yield from ((file, each) for each in _defined(document, naming))
        for file in _plans(reading, naming):
            for document in documents_at(file):
                yield from ((file, each) for each in _mentions(document, naming))
        return
    yield from ((reading.path, each) for each in _mentions(spot.document, naming))
    if naming.noun == "experiment" and reading.judged.policy:
        file = os.path.join(reading.judged.policy.root or reading.judged.folder, WAIVERS_FILE)
        for document in documents_at(file):
            yield from ((file, each) for each in _mentions(document, naming))


def _mentions(document: Document, naming: Naming) -> Iterator[Spot]:
    """Places of a plan, or of a file of waivers, that name it."""
    for each in scalars(document):
        if not each.is_key and naming.in_plan and naming.in_plan(each) and value_at(each) == naming.name:
            yield each


_PART = {"metric": "metrics", "population": "populations", "fact": "facts"}


def _defined(document: Document, naming: Naming) -> Iterator[Spot]:
    """Places of a catalogue that define or use it."""
    part = _PART.get(naming.noun)
    for each in scalars(document):
        is_defined = each.is_key and each.path == (part, naming.name)
        is_used = not each.is_key and naming.noun == "fact" and each.path[-1] == "fact"
        if is_defined or (is_used and value_at(each) == naming.name):
            yield each


def _catalogues(reading: OpenFile) -> list[str]:
    policy = reading.judged.policy
    return list(policy.metrics.files) if policy and policy.metrics else [reading.path]


def _plans(reading: OpenFile, naming: Naming) -> Iterator[str]:
    """The plans whose text has the name."""
    finder, wanted = reading.judged.finder, naming.name.encode()
    for source in finder.portfolio() if finder and naming.is_everywhere else ():
        try:
            if wanted in read_regular(source.path, MAX_BYTES):
                yield source.path
        except OSError:
            continue
