"""Which results a status rests on: of each experiment the newest that are not from after the day that is reported of."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from egp.gate.clock import day_end, instant
from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.plan.results import Results
from egp.plan.typed_reader import ValueProblem, read
from egp.yaml import read_file
from egp.yaml.files import shown_path

if TYPE_CHECKING:
    from datetime import tzinfo

    from egp.plan.quantity import Moment

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class ResultsHead:
    """The head of a file of results; its rows are the gate's to read."""

    path: str
    """As messages name it, relative to the working directory where it lies below it."""
    experiment: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Folder:
    """All results of a folder, and what could not be read there."""

    name: str
    files: tuple[ResultsHead, ...]
    failures: tuple[Failure, ...]

    def newest(self, experiment: str, as_of: Moment, zone: tzinfo) -> list[ResultsHead]:
        """The experiment's newest results; several of the same instant are returned together."""
        own = [
            file
            for file in self.files
            if file.experiment == experiment and not _is_later(file.as_of, as_of, zone)
        ]
        last = max((file.as_of for file in own), default=None)
        return [file for file in own if file.as_of == last]


def _is_later(moment: datetime, as_of: Moment, zone: tzinfo) -> bool:
    """Whether an instant comes after a moment; a day is over with its last instant."""
    if isinstance(as_of, datetime):
        return moment > instant(as_of, zone)
    return moment >= day_end(as_of, zone)


def results_in(path: str) -> Folder:
    """Every file of results below a folder, or the one that is named."""
    failures: list[Failure] = []
    read_heads = [_head(file) for file in _yaml_files(path, failures)]
    failures += [each for each in read_heads if isinstance(each, Failure)]
    return Folder(path, tuple(each for each in read_heads if isinstance(each, ResultsHead)), tuple(failures))


def _yaml_files(path: str, failures: list[Failure]) -> Iterator[str]:
    if os.path.isfile(path):
        yield path
        return

    def unreadable(error: OSError) -> None:
        failures.append(Failure(error.filename, f"cannot read this folder: {error.strerror}"))

    for parent, folders, names in os.walk(path, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (
            os.path.join(parent, name)
            for name in sorted(names)
            if name.endswith(_ENDINGS) and not name.startswith(".")
        )


def _head(path: str) -> ResultsHead | Failure:
    name = shown_path(path)
    try:
        documents = read_file(path, name)
    except OSError as error:
        return Failure(name, f"cannot read the results: {error.strerror}")
    document = documents[0]
    if document.problems:
        return _failure(name, (problem.message for problem in document.problems))
    problems: list[ValueProblem] = []
    results = read(Results, document.value, (), problems)
    if not results.experiment or results.as_of is None:
        return _failure(name, (problem.message for problem in problems))
    if not isinstance(results.as_of, datetime) or results.as_of.tzinfo is None:
        return _failure(name, [f"`as_of` {shown(results.as_of)} is not an instant with its offset"])
    return ResultsHead(name, results.experiment, results.as_of)


def _failure(name: str, messages: Iterable[str]) -> Failure:
    first = next(iter(messages), "it does not say of which experiment and instant it is")
    return Failure(name, f"these are no results: {first}", help="correct it, or keep it in another folder")
