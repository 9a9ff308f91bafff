"""Waivers beside the policy, in ``waivers.yaml``: for teams that keep approvals apart from plans."""

# No postponed annotations here: shapes are read from the annotations themselves.

from collections.abc import Iterator
from dataclasses import dataclass, field

from egp.plan.experiment import Waiver
from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.plan.typed_reader import TypedMapping, ValueProblem, listed, read
from egp.record.waivers import WAIVERS_FILE
from egp.record.waivers.reading import documents_of
from egp.yaml import Document, Span

_TOLD = 50
"""Mistakes that are reported; a file with more is not one with slips."""

_WILDCARDS = frozenset("*?[")


class WaiverFile(TypedMapping):
    """Waivers of many experiments, each with the experiment's id."""

    needs = ("waivers",)
    waivers: tuple[Waiver, ...] = listed("Waivers, each naming its `experiment`.")


@dataclass(frozen=True, slots=True)
class Listed:
    """The waivers of a file, by the id of the experiment they are for, each with its position."""

    document: Document | None = None
    by_experiment: dict[str, list[tuple[int, Waiver]]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


def read_waivers(folder: str, shown_as: str) -> Listed:
    """The waivers in a folder; what is wrong with the file is a failure, and then none of them holds."""
    documents, failures = documents_of(folder, WAIVERS_FILE, shown_as)
    if not documents:
        return Listed(failures=tuple(failures))
    document = documents[0]
    problems: list[ValueProblem] = []
    content = read(WaiverFile, document.value, (), problems)
    if not failures:
        problems += _unassigned(content)
        failures = [_failure_of(document, problem) for problem in problems[:_TOLD]]
        if len(problems) > _TOLD:
            failures.append(
                Failure(document.path, f"the waivers are invalid in {len(problems) - _TOLD:,} more places")
            )
    if failures:
        return Listed(failures=tuple(failures))
    by_experiment: dict[str, list[tuple[int, Waiver]]] = {}
    for position, waiver in enumerate(content.waivers):
        by_experiment.setdefault(waiver.experiment or "", []).append((position, waiver))
    return Listed(document, by_experiment)


def waivers_in(document: Document) -> dict[str, list[Waiver]]:
    """The waivers of an earlier version of the file, by experiment, as far as they can be read."""
    found: dict[str, list[Waiver]] = {}
    for waiver in read(WaiverFile, document.value).waivers:
        found.setdefault(waiver.experiment or "", []).append(waiver)
    return found


def _unassigned(content: WaiverFile) -> Iterator[ValueProblem]:
    """Waivers that are for no experiment, or for whichever fits."""
    for position, waiver in enumerate(content.waivers):
        at = ("waivers", position, "experiment")
        if not waiver.experiment:
            yield ValueProblem(
                at, "missing", "the waiver names no experiment", "add `experiment:` with its id"
            )
        elif not _WILDCARDS.isdisjoint(waiver.experiment):
            name = shown(waiver.experiment)
            message = f"`{name}` is a pattern, and a waiver is for one experiment"
            yield ValueProblem(
                at, "wrong-type", message, "name one experiment, and have each approved by itself"
            )


def _failure_of(document: Document, problem: ValueProblem) -> Failure:
    span: Span = document.span(problem.path, key=problem.kind == "unknown-key")
    message = f"the waivers are invalid: {problem.message}"
    return Failure(document.path, message, "", span, document.line(span.start.line), problem.help)
