"""The baseline, ``egp-baseline.yaml``: what was found on the day on which an organisation adopted its policy.

An entry names rule, experiment and pointer, list items by their id; never a line. One line for each, sorted, so that
branches which fix different findings merge. It only shrinks. What an entry may suppress:

- a finding of a rule that is waivable, for as long as it is found;
- a finding of a rule that is not waivable, in a plan that ran already, and only while the plan stays as it was: the
  entry has the plan's digest;
- never a plan that is impossible, nor one that cannot be read, moved its goalposts or holds personal data.
"""

# No postponed annotations here: shapes are read from the annotations themselves.

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from egp.plan.finding import Failure, LineOfFile
from egp.plan.typed_reader import TypedMapping, ValueProblem, listed, read
from egp.plan.typed_reader import field as key
from egp.record.waivers import BASELINE_FILE, FLAGS
from egp.record.waivers.reading import documents_of
from egp.stats.values import NamedTuple
from egp.yaml import Document, Path
from egp.yaml.written import written

VERSION = 1

NEVER = frozenset({"document", "integrity", "privacy", "waivers"})
"""Families of rules whose findings no baseline suppresses."""


class WrittenEntry(TypedMapping):
    """A finding that was there on the day of the baseline."""

    needs = ("rule", "pointer")
    experiment: str | None = key("Id of the experiment; of a flag without a plan nothing.", "pdp-buy-now")
    rule: str | None = key("Rule that found it.", "minimum-runtime")
    pointer: str | None = key(
        "Where, list items named by their id; of a flag environment and name below /rollouts.",
        "/guardrail_metrics/refund_rate/baseline",
    )
    count: int | None = key("How many there were at that place, if more than one.", 2)
    digest: str | None = key("The plan as it was, where the rule is not waivable.")


class BaselineFile(TypedMapping):
    """What was found on the day of adoption."""

    needs = ("baseline", "findings")
    baseline: int | None = key("Version of this format.", VERSION)
    findings: tuple[WrittenEntry, ...] = listed("What is suppressed.")


class FindingKey(NamedTuple):
    """What an entry is about: findings of a rule, of an experiment, at a place."""

    experiment: str
    rule: str
    pointer: str


class BaselineEntry(NamedTuple):
    """An entry as read, with its position in the file."""

    position: int
    found: FindingKey
    times: int
    """How many findings there were."""
    digest: str

    @property
    def is_of_flag(self) -> bool:
        """Whether it is of a flag, and so not of the plan's own text."""
        return self.found.pointer.startswith(FLAGS)


@dataclass(slots=True)
class AppliedEntry:
    """An entry of the baseline, and what came of it."""

    at: Path
    entry: BaselineEntry
    place: LineOfFile
    """File and line of it."""
    lapsed: str = ""
    """Why it suppresses nothing, whatever its rule finds; empty where it would."""
    used: int = 0
    """How many such findings there are."""
    is_new: bool = False
    """Whether it is of the first baseline, which the base does not have."""
    unread: str = ""
    """The file in which its flag could not be read, so that nobody can tell what is still found; empty if it could."""

    @property
    def left(self) -> int:
        """How many of its findings are left: all, as long as nobody can tell."""
        return self.entry.times if self.unread else min(self.used, self.entry.times)

    @property
    def holds(self) -> bool:
        """Whether it suppresses what there is: more findings than were recorded are not what was recorded."""
        return not self.lapsed and self.used <= self.entry.times


@dataclass(frozen=True, slots=True)
class FindingsBaseline:
    """A baseline as read. ``document`` is None where there is no file."""

    document: Document | None = None
    by_experiment: dict[str, list[BaselineEntry]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    @property
    def entries(self) -> list[BaselineEntry]:
        return [each for entries in self.by_experiment.values() for each in entries]


def read_baseline(folder: str, shown_as: str) -> FindingsBaseline:
    """The baseline in a folder; what is wrong with the file is a failure, and then it suppresses nothing."""
    documents, failures = documents_of(folder, BASELINE_FILE, shown_as)
    if not documents or failures:
        return FindingsBaseline(failures=tuple(failures))
    document = documents[0]
    problems: list[ValueProblem] = []
    content = read(BaselineFile, document.value, (), problems)
    if content.baseline not in (None, VERSION):
        message = f"this is format {content.baseline}, and this egp reads format {VERSION}"
        problems.append(ValueProblem(("baseline",), "wrong-type", message, "update egp"))
    recorded = _recorded(content)
    problems += [*_repeated(recorded), *_uncounted(content), *_unnamed(content)]
    if problems:
        return FindingsBaseline(document, failures=tuple(_failure_of(document, each) for each in problems))
    return FindingsBaseline(document, _by_experiment(recorded))


def recorded_in(document: Document) -> list[BaselineEntry]:
    """The entries of an earlier version of the file, as far as they can be read."""
    return _recorded(read(BaselineFile, document.value))


def _recorded(content: BaselineFile) -> list[BaselineEntry]:
    return [
        BaselineEntry(
            at,
            FindingKey(each.experiment or "", each.rule or "", each.pointer or ""),
            each.count or 1,
            each.digest or "",
        )
        for at, each in enumerate(content.findings)
    ]


def baseline_of(entries: Iterable[BaselineEntry]) -> FindingsBaseline:
    """A baseline that no file has yet."""
    return FindingsBaseline(None, _by_experiment(entries))


def _by_experiment(entries: Iterable[BaselineEntry]) -> dict[str, list[BaselineEntry]]:
    found: dict[str, list[BaselineEntry]] = {}
    for each in entries:
        found.setdefault(each.found.experiment, []).append(each)
    return found


def _repeated(entries: Iterable[BaselineEntry]) -> list[ValueProblem]:
    """Entries that say the same twice, as a merge may leave them."""
    first: dict[FindingKey, int] = {}
    problems = []
    for each in entries:
        if first.setdefault(each.found, each.position) != each.position:
            message = f"this is also entry {first[each.found] + 1}"
            problems.append(
                ValueProblem(("findings", each.position), "wrong-type", message, "keep one of the two lines")
            )
    return problems


def _uncounted(content: BaselineFile) -> Iterator[ValueProblem]:
    """Entries that count no finding."""
    for at, entry in enumerate(content.findings):
        if entry.count is not None and entry.count < 1:
            message = f"{entry.count} is no number of findings"
            yield ValueProblem(
                ("findings", at, "count"), "wrong-type", message, "take the line out, or `count:` for one"
            )


def _unnamed(content: BaselineFile) -> Iterator[ValueProblem]:
    """Entries of no experiment, which only flags are."""
    for at, entry in enumerate(content.findings):
        if not entry.experiment and not (entry.pointer or "").startswith(FLAGS):
            message = "`experiment` is missing"
            yield ValueProblem(
                ("findings", at), "wrong-type", message, "name it, or a flag as /rollouts/ENVIRONMENT/FLAG"
            )


def _failure_of(document: Document, problem: ValueProblem) -> Failure:
    span = document.span(problem.path, key=problem.kind == "unknown-key")
    line = document.line(span.start.line)
    return Failure(document.path, f"the baseline is invalid: {problem.message}", "", span, line, problem.help)


_HEADER = "# Written by egp baseline: what was found when the policy was adopted. It only shrinks.\n"


def rendered(entries: Iterable[BaselineEntry]) -> str:
    """The baseline's text: the same entries give the same bytes."""
    lines = [f"  - {written(_stated(each))}" for each in sorted(entries, key=lambda each: each.found)]
    return (
        "\n".join([f"{_HEADER}baseline: {VERSION}", "findings:" if lines else "findings: []", *lines]) + "\n"
    )


def _stated(entry: BaselineEntry) -> dict[str, object]:
    stated: dict[str, object] = {key: value for key, value in entry.found._asdict().items() if value}
    if entry.times > 1:
        stated["count"] = entry.times
    if entry.digest:
        stated["digest"] = entry.digest
    return stated
