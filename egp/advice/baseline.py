"""The baseline: what is found on the day of adoption is recorded once, and from then on only taken out.

What may be recorded is tried and not guessed: an entry that does not suppress its finding is dropped. Findings that others
kept silent until then are found in the next round, and so is a missing input of which a recorded error had spoken.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from egp.check import check
from egp.check.suppressions import has_begun
from egp.output.report.model import Report
from egp.plan.completing import read_plan
from egp.plan.digest import plan_digest
from egp.plan.finding import Diagnostic, Failure, HelpfulError
from egp.plan.wording import counted, listing
from egp.policy.locate import waivers_folder
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.resolving import resolved_by_lock
from egp.record.waivers import BASELINE_FILE, FLAGS, NO_PLAN
from egp.record.waivers.baseline import (
    AppliedEntry,
    BaselineEntry,
    FindingKey,
    baseline_of,
    read_baseline,
    rendered,
)
from egp.yaml import Document
from egp.yaml.atomic import write_atomically


class BaselineError(HelpfulError):
    """A baseline that cannot be written as it was requested."""


@dataclass(slots=True)
class BaselineOutcome:
    """What came of it. With failures nothing is written."""

    path: str
    entries: list[BaselineEntry] = field(default_factory=list)
    taken_out: int = 0
    """Findings that the baseline no longer suppresses."""
    left: list[Diagnostic] = field(default_factory=list)
    """Errors and warnings that are in effect all the same."""
    failures: Sequence[Failure] = ()
    unread: Sequence[Failure] = ()
    """Files that could not be read: what is recorded of what may stand in them stays."""


def start(sources: Sequence[PlanSource], finder: PlanFinder, policy: Policy, as_of: date) -> BaselineOutcome:
    """Records what is found today. Raises BaselineError where there is a baseline, OSError where none can be written."""
    path = _path(finder, policy)
    before = _without_flags(path, policy) if os.path.lexists(path) else []
    ran = dict(_digests_of_running(sources, finder, policy, as_of))
    entries: dict[FindingKey, BaselineEntry] = {each.found: each for each in before}
    refused: set[FindingKey] = set()
    while True:
        report = check(sources, finder, policy, as_of, baseline=baseline_of(entries.values()))
        if report.failures:
            return BaselineOutcome(path, failures=report.failures)
        if not _learn(report, entries, refused, ran, only_flags=bool(before)):
            break
    kept = [
        entries[each.entry.found] if each.entry in before else _as_found(entries[each.entry.found], each)
        for each in _excuses(report)
        if each.used or each.entry in before
    ]
    judged = {each.found for each in kept}
    kept += [each for each in before if each.found not in judged]
    return _written(BaselineOutcome(path, kept, left=_in_effect(report)))


def _without_flags(path: str, policy: Policy) -> list[BaselineEntry]:
    """The entries of a baseline from before the policy read rollouts: what is found of flags then is all new to it."""
    entries = read_baseline(os.path.dirname(path), os.path.relpath(path)).entries
    if not entries or not policy.rollouts or any(each.is_of_flag for each in entries):
        raise BaselineError(
            "there is a baseline, and it only shrinks",
            "leave out --start to take out what is no longer found",
        )
    return entries


def shrink(sources: Sequence[PlanSource], finder: PlanFinder, policy: Policy, as_of: date) -> BaselineOutcome:
    """Takes out what is no longer found in the plans. Raises BaselineError, OSError where it cannot be written."""
    path = _path(finder, policy)
    if not os.path.lexists(path):
        raise BaselineError("there is no baseline", "egp baseline --start records what is found today")
    before = read_baseline(os.path.dirname(path), os.path.relpath(path)).entries
    report = check(sources, finder, policy, as_of)
    if report.failures:
        return BaselineOutcome(path, failures=report.failures)
    judged = {each.entry.found: each for each in _excuses(report)}
    after = [
        _as_found(entry, judged[entry.found]) if entry.found in judged else entry
        for entry in before
        if entry.found not in judged or (judged[entry.found].left and not judged[entry.found].lapsed)
    ]
    taken_out = sum(each.times for each in before) - sum(each.times for each in after)
    left = [each for each in _in_effect(report) if os.path.basename(each.place.path) != BASELINE_FILE]
    unread = [*_unread_flags(judged.values()), *_unread_plans(sources, before, judged)]
    return _written(BaselineOutcome(path, after, taken_out, left, unread=unread))


def _unread_flags(judged: Iterable[AppliedEntry]) -> list[Failure]:
    paths = dict.fromkeys(each.unread for each in judged if each.used < each.left)
    return [_stays(path, "what is recorded of its flags") for path in paths]


def _unread_plans(
    sources: Sequence[PlanSource], before: Sequence[BaselineEntry], judged: Collection[FindingKey]
) -> list[Failure]:
    """Plans that are not read whole, where something is recorded of a plan that was not judged, and may be theirs."""
    not_judged = {
        each.found.experiment for each in before if each.found not in judged and not each.is_of_flag
    }
    return [
        _stays(source.shown, "what is recorded of its plan")
        for source in sources
        if not_judged and any(_may_be_of(document, not_judged) for document in source.documents())
    ]


def _may_be_of(document: Document, experiments: Collection[str]) -> bool:
    """Whether a document that is not read whole may be the plan of one of the experiments."""
    plan, problems = read_plan(document)
    is_unread = bool(document.problems or problems)
    return is_unread and (not plan.name or plan.name in experiments)


def _stays(path: str, recorded: str) -> Failure:
    return Failure(
        path, f"it cannot be read whole, and {recorded} stays", help="mend it, and run `egp baseline` again"
    )


def baseline_lines(outcome: BaselineOutcome, shown: str) -> Iterator[str]:
    """What came of it, in lines for people."""
    recorded = sum(each.times for each in outcome.entries)
    plans = len({each.found.experiment for each in outcome.entries} - {NO_PLAN})
    flags = len({each.found.pointer for each in outcome.entries if each.is_of_flag})
    where = [counted(plans, "plan")] if plans or not flags else []
    where += [counted(flags, "flag")] if flags else []
    if outcome.taken_out:
        yield f"took out {counted(outcome.taken_out, 'finding')}"
    yield f"{shown} suppresses {counted(recorded, 'finding')} in {listing(where)}"
    if outcome.left:
        rules = Counter(each.rule for each in outcome.left)
        told_apart = ", ".join(f"{rule} ({count})" for rule, count in sorted(rules.items()))
        yield f"not suppressed, and reported as ever: {told_apart}"


def _path(finder: PlanFinder, policy: Policy) -> str:
    return os.path.join(waivers_folder(finder.folder, policy.root), BASELINE_FILE)


def _written(outcome: BaselineOutcome) -> BaselineOutcome:
    content = rendered(outcome.entries).encode("utf-8")
    write_atomically(outcome.path, content)
    return outcome


def _digests_of_running(
    sources: Sequence[PlanSource], finder: PlanFinder, policy: Policy, as_of: date
) -> Iterator[tuple[str, str]]:
    """Id and digest of each plan whose first unit was exposed by that day: it cannot be planned anew."""
    for source in sources:
        for document in source.documents():
            judge = finder.policy_of(source, policy)
            plan, problems = read_plan(resolved_by_lock(document, source, finder, judge, as_of))
            if plan.id and not problems and has_begun(plan, as_of):
                yield plan.id, plan_digest(plan)


def _learn(
    report: Report,
    entries: dict[FindingKey, BaselineEntry],
    refused: set[FindingKey],
    ran: Mapping[str, str],
    *,
    only_flags: bool,
) -> bool:
    """Takes in what is still in effect: first as it is, then with the digest of a plan that ran, then not at all."""
    counts = Counter(
        _found(each)
        for each in (*_in_effect(report), *_to_come(report))
        if each.named is not None and (each.named.startswith(FLAGS) or (each.experiment and not only_flags))
    )
    new = [each for each in counts if each not in refused]
    for found in new:
        entry, digest = entries.get(found), ran.get(found.experiment, "")
        if entry is None:
            entries[found] = BaselineEntry(0, found, counts[found], "")
        elif digest and not entry.digest:
            entries[found] = entry._replace(digest=digest)
        else:
            refused.add(found)
            del entries[found]
    return bool(new)


def _in_effect(report: Report) -> list[Diagnostic]:
    return [each for each in report.effective if each.severity != "info"]


def _to_come(report: Report) -> list[Diagnostic]:
    """What is said of flags without a plan, as an information today: it is there before anybody lets it reject."""
    return [each for each in report.effective if each.severity == "info" and each.experiment == NO_PLAN]


def _found(diagnostic: Diagnostic) -> FindingKey:
    return FindingKey(diagnostic.experiment, diagnostic.rule, diagnostic.named or "")


def _excuses(report: Report) -> list[AppliedEntry]:
    return [excuse for allowed in report.allowed for excuse in allowed.excuses]


def _as_found(entry: BaselineEntry, excuse: AppliedEntry) -> BaselineEntry:
    """The entry with as many findings as there are left."""
    return entry._replace(times=excuse.left)
