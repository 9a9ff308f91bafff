"""Ways out of a finding: the options that comply, each with its price, and a waiver that somebody has to approve.

Who opens the menu sees options with their price, which takes solving; an editor that merely wants to know whether there
is one gets a name, and the option is solved when it is chosen. The edit is always made when it is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol import types

from egp.advice.edits import changed
from egp.advice.fix.files import Fixer
from egp.advice.options.case import Case, CaseError, read_case
from egp.advice.options.option import Option
from egp.advice.options.solver import options
from egp.advice.options.waiving import waiver_of
from egp.cli.lsp.judging import Judged, documents_at
from egp.plan.finding import Diagnostic
from egp.plan.own_edits import own_edits
from egp.stats.values import NamedTuple
from egp.yaml import Span
from egp.yaml.edit import Replacement, replacements
from egp.yaml.edits import Edit, EditError

FIX_ALL = "source.fixAll.egp"
"""What editors do when a file is saved, if somebody set them up so."""


class WayOut(NamedTuple):
    """An option of a finding, as a menu names it."""

    finding: str
    """Fingerprint of what it ends."""
    title: str
    changes: tuple[Edit, ...]
    is_repair: bool = False
    """Whether it can mean one thing only."""


class Solved:
    """The ways out of one version of a plan, worked out finding by finding."""

    def __init__(self, judged: Judged) -> None:
        self.judged = judged
        self._cases: dict[str, Case | None] = {}
        self._ways: dict[str, list[WayOut]] = {}

    def is_known(self, finding: Diagnostic) -> bool:
        return finding.fingerprint in self._ways

    def ways(self, finding: Diagnostic) -> list[WayOut]:
        """What ends a finding, the cheapest first, and the waiver where there can be one."""
        if finding.fingerprint not in self._ways:
            self._ways[finding.fingerprint] = [*self._solve(finding)]
        return self._ways[finding.fingerprint]

    def _solve(self, finding: Diagnostic) -> Iterator[WayOut]:
        case = self._case(finding)
        if case is None:
            return
        target = next(
            (each for each in case.judged.diagnostics if each.fingerprint == finding.fingerprint), None
        )
        if target is None:
            return
        safe = [each.edits for each in target.remedies if each.repair == "safe"]
        for each in options(case, target):
            yield WayOut(finding.fingerprint, _title(each), each.changes, each.changes in safe)
        if waiver := waiver_of(case, target):
            title = f"write a waiver of {target.rule}: reason, ticket and approver are yours to fill in"
            yield WayOut(finding.fingerprint, title, (waiver,))

    def _case(self, finding: Diagnostic) -> Case | None:
        """The plan that a finding is about; None where it cannot be judged."""
        judged, name = self.judged, finding.experiment
        if name not in self._cases:
            self._cases[name] = None
            if judged.source and judged.finder and judged.policy and judged.as_of:
                is_one = len(documents_at(judged.path)) == 1
                try:
                    self._cases[name] = read_case(
                        judged.source,
                        judged.finder,
                        judged.policy,
                        judged.as_of,
                        "" if is_one else name,
                        judged.neighbours,
                    )
                except CaseError:
                    return None
        return self._cases[name]

    def edit(self, way: WayOut) -> list[Replacement]:
        """The stretches of the text that the option replaces; none where it cannot be made."""
        case = next(
            (
                each
                for each in self._cases.values()
                if each and any(found.fingerprint == way.finding for found in each.judged.diagnostics)
            ),
            None,
        )
        edits = own_edits(way.changes, case.document) if case else None
        if case is None or edits is None:
            return []
        try:
            return replacements(case.text, changed(case.text, edits, case.document.index))
        except (EditError, LookupError, ValueError):
            return []


def _title(option: Option) -> str:
    note = f"; {option.note}" if option.note else ""
    return f"{option.words} ({option.cost.words}{note})"


def menu(
    solved: Solved, span: Span, only: Sequence[types.CodeActionKind | str] | None, is_request: bool
) -> list[types.CodeAction]:
    """What can be done about the findings in a stretch of the text."""
    found: list[types.CodeAction] = []
    if _is_wanted(types.CodeActionKind.QuickFix, only):
        for finding in findings_in(solved.judged, span):
            found += _of_finding(solved, finding, is_request)
    if only and _is_wanted(FIX_ALL, only):
        found.append(types.CodeAction("egp: repair all slips", FIX_ALL, data={"all": True}))
    return found


def _is_wanted(kind: str, only: Sequence[types.CodeActionKind | str] | None) -> bool:
    return not only or any(kind == each or kind.startswith(f"{_text(each)}.") for each in map(_text, only))


def _text(kind: types.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, types.CodeActionKind) else kind


def _of_finding(solved: Solved, finding: Diagnostic, is_request: bool) -> Iterator[types.CodeAction]:
    if not is_request and not solved.is_known(finding):
        title = f"the cheapest change that complies with {finding.rule}"
        yield _action(title, finding, 0)
        return
    for number, way in enumerate(solved.ways(finding)):
        yield _action(way.title, finding, number, is_preferred=way.is_repair)


def _action(title: str, finding: Diagnostic, number: int, is_preferred: bool = False) -> types.CodeAction:
    return types.CodeAction(
        title,
        types.CodeActionKind.QuickFix,
        is_preferred=is_preferred or None,
        data={"finding": finding.fingerprint, "number": number},
    )


def edit_of(solved: Solved, action: types.CodeAction) -> list[Replacement]:
    """What an action of the menu changes in the text as it is now."""
    data = action.data if isinstance(action.data, dict) else {}
    if data.get("all"):
        return repaired(solved.judged)
    report = solved.judged.report
    for finding in report.diagnostics if report else ():
        if finding.fingerprint == data.get("finding"):
            ways, number = solved.ways(finding), data.get("number")
            return solved.edit(ways[number]) if isinstance(number, int) and number < len(ways) else []
    return []


def findings_in(judged: Judged, span: Span) -> list[Diagnostic]:
    """The findings of the plan's own file that a stretch of it touches."""
    report = judged.report
    if report is None or judged.source is None:
        return []
    return [
        each
        for each in report.diagnostics
        if each.waiver is None
        and each.place.path == judged.source.shown
        and each.place.span.start.line <= span.end.line
        and span.start.line <= each.place.span.end.line
    ]


def repaired(judged: Judged) -> list[Replacement]:
    """What `egp check --fix` would change in a plan."""
    if judged.failures or not (judged.source and judged.finder and judged.policy and judged.as_of):
        return []
    for each in Fixer(judged.finder, judged.policy, judged.as_of).fix([judged.source]):
        if each.made:
            return replacements(each.before.decode(), each.after.decode())
    return []
