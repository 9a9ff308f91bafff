"""What a rule claims, and what a policy makes of the claim."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from egp.plan.remedy import help_line, ways
from egp.stats.hints import Literal, TypeVar
from egp.stats.values import NamedTuple, field, frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from egp.plan.remedy import Offer, Remedies, Remedy, Way
    from egp.yaml import Document, Path, Span

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

T = TypeVar("T")


EARLIER = "earlier"
"""For ``Related.plan``: the earlier version that a change is compared with."""

PINNED = "pinned"
"""For ``Related.plan``: the version that the lock's entry pins."""

LOCK = "lock"
"""For ``Related.plan``: the plan's entry in the lock, which paths are relative to."""


CATALOGUE = "catalogue"
"""For ``Related.plan``: the catalogue of metrics, in which a path is a part and a name."""


class Advice:
    """What a finding offers and the sentence that says so, both worked out when needed."""

    __slots__ = ("_at", "_free", "_offer")

    def __init__(self, at: Path, offer: Offer = (), free: str = "") -> None:
        self._at = at
        self._offer = offer
        self._free = free

    @property
    def remedies(self) -> Remedies:
        """What there is to offer; where an input of the advice itself is missing, nothing."""
        if callable(self._offer):
            from egp.stats import StatisticsInputError

            try:
                self._offer = tuple(self._offer())
            except (NotChecked, ArithmeticError, StatisticsInputError):
                self._offer = ()
        return self._offer

    def work_out(self) -> None:
        """Answers before anybody asks, so that the question and the plan that it is about can be forgotten."""
        _ = self.remedies

    @property
    def text(self) -> str:
        return help_line(self.remedies, self._at, self._free)

    @property
    def ways(self) -> list[Way]:
        """The same for a reader who has room: each way out by itself."""
        return ways(self.remedies, self._at, self._free)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Advice) and (self.text, [*self.remedies]) == (other.text, [*other.remedies])

    def __hash__(self) -> int:
        return hash((self._at, self._free))

    def __reduce__(self) -> tuple[type[Advice], tuple[Path, Remedies, str]]:
        """Another process gets the answer, and not the question."""
        return Advice, (self._at, self.remedies, self._free)


@frozen
class Related:
    """A second place that takes part in a finding. ``plan`` and ``document`` name another file's, if it lies there."""

    at: Path | Span
    label: str
    plan: str = ""
    document: int = 0


@frozen
class Finding:
    """A rule's claim about a path of the plan; a claim about the text itself carries a span.

    ``at`` may name a key that the plan lacks. ``message`` says what the plan says and what is required, ``remedies`` are
    the smallest changes that pass, ``help`` what can be done that is no edit. ``impossible`` raises the severity to error where a policy
    merely warns: the plan cannot do what it promises.
    """

    at: Path | Span
    message: str
    observed: str = ""
    required: str = ""
    help: str = ""
    related: tuple[Related, ...] = ()
    impossible: bool = False
    on_key: bool = False
    """The key at the path is what is wrong, not its value."""
    speaks_for: tuple[Path, ...] = ()
    """Further paths whose absence this finding explains: the key that a misspelt one was meant to be."""
    secret: bool = False
    """What the span holds must not be repeated, by this or any other diagnostic of the plan."""
    yields_to: frozenset[str] = frozenset()
    """Rules whose finding makes this one redundant, though not its rule's other findings."""
    yields_in_place: bool = False
    """Redundant where another rule finds something at the same path, which it knows more of."""
    remedies: Offer = field(default=(), compare=False)
    ends_judgement: bool = False
    """Nothing else that is found of the plan means anything: it is one of a design that egp does not judge."""
    rests_on: tuple[Path, ...] = ()
    """Further keys whose absence would make it wrong: where one of them was misread, nothing is claimed."""
    source: tuple[Document, Path] | None = None
    """Where the claim is placed if not in the plan: the line of a policy or of the catalogue that moves plans."""

    @property
    def advice(self) -> Advice:
        """What can be done, remedies first."""
        from egp.yaml import Span

        return Advice(() if isinstance(self.at, Span) else self.at, self.remedies, self.help)


class NotChecked(Exception):
    """A rule lacks an input. ``path`` is where the plan should state it.

    ``reason`` and ``help`` say what is missing where it is not the plan that should state it. One that ``escalates``
    counts as an error whatever the policy weighs: with its input the rule might find that the plan is impossible.
    """

    def __init__(self, path: Path, reason: str = "", help: str = "", at: Span | None = None) -> None:
        super().__init__(".".join(map(str, path)))
        self.path = path
        self.reason = reason
        self.help = help
        self.at = at
        """Where it is missing, in a file that has no paths."""
        self.escalates = False

    def escalated(self) -> NotChecked:
        """The same of a rule that has yet to learn whether the plan is impossible."""
        self.escalates = True
        return self


class Refused(Exception):
    """A rule that a policy brings along and that cannot judge, by no fault of the plan. Always exit status 2."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class DoesNotApply(Exception):
    """A rule requires nothing of this plan: not of its type, or what it judges is absent by right. Not a pass."""


def need(value: T | None, *path: str | int) -> T:
    """The value, or the statement that the rule cannot run without it."""
    if value is None:
        raise NotChecked(path)
    return value


@frozen
class Place:
    """A finding's place in a file: resolved while the document was at hand."""

    path: str
    document: int
    pointer: str
    span: Span


@frozen
class RelatedPlace:
    place: Place
    label: str
    line: str
    is_past: bool = False
    """Whether it is written in an earlier version, which is in git and in no file."""


class LineOfFile(NamedTuple):
    """Where something is written."""

    path: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.path else ""


@frozen
class Suppression:
    """What lets a diagnostic pass although its rule objects."""

    by: Literal["waiver", "baseline"]
    place: LineOfFile
    """What says so."""
    reason: str = ""
    ticket: str = ""
    approver: str = ""
    role: str = ""
    granted: date | None = None
    expires: date | None = None
    is_new: bool = False
    """Whether it comes with the change that is compared with a base, so that whoever reviews that reviews it, too."""


@frozen
class Diagnostic:
    """A finding placed at a span and weighed by a policy."""

    rule: str
    severity: Severity
    message: str
    place: Place
    experiment: str
    missing: str
    """The key that the mapping at ``pointer`` lacks, or empty."""
    observed: str
    required: str
    advice: Advice
    related: tuple[RelatedPlace, ...]
    fingerprint: str
    line: str
    """The source line of the span's start, for readers."""
    coming: str = ""
    """What the policy announces, as in "becomes an error on 2026-12-01"."""
    named: str | None = None
    """The finding's path with list items named by their id; None for a claim about the text."""
    waiver: Suppression | None = None
    """A waived diagnostic is shown and counted, and does not reject."""
    impossible: bool = False
    """Whether it is of an impossible plan, which nothing suppresses: neither a waiver nor the baseline."""
    secret: bool = False
    """Whether it is of something in the plan that no output may repeat."""
    is_open: bool = False
    """Whether it is of a key that is written and has no value, as a plan has them that is not filled in yet."""

    @property
    def help(self) -> str:
        """What can be done, in a sentence."""
        return self.advice.text

    @property
    def remedies(self) -> Sequence[Remedy]:
        return self.advice.remedies


@frozen
class Unchecked:
    """A rule that could not run on a plan, and what it lacked. Without ``blocked_by`` nothing else says so."""

    rule: str
    severity: Severity
    path: str
    document: int
    experiment: str
    needs: str
    """Pointer of the missing input; empty where it is not for want of a key."""
    blocked_by: str
    """The rule whose error already names the missing input."""
    reason: str = ""
    """Why it could not run, where it is not for want of a key."""


@frozen
class Failure:
    """Something that kept egp from judging: a file, a policy or a rule. Always exit status 2."""

    path: str
    message: str
    rule: str = ""
    span: Span | None = None
    line: str = ""
    help: str = ""


class FailuresError(Exception):
    """What keeps egp from judging; exit status 2."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(failures[0].message)
        self.failures = tuple(failures)


class HelpfulError(Exception):
    """What egp could not do, and what to do about it."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help
