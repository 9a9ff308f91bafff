"""Plans that are no longer there, before the rules about removals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from egp.check.answers import answers_of
from egp.check.placing import place_in
from egp.check.reporting import count, report
from egp.output.report.model import Findings
from egp.plan.experiment import read_experiment
from egp.plan.finding import Place
from egp.policy.error import PolicyError
from egp.policy.removed_plans import RemovedPlan, removed_plans
from egp.policy.timing import Timing
from egp.record.lock import LockError
from egp.rules.rule_inputs import PortfolioEntry, Removal
from egp.stats.values import replace
from egp.yaml import Document, Position, Span

if TYPE_CHECKING:
    from egp.check.files import Files
    from egp.check.run import Run
    from egp.policy.plan_history import PlanHistories


def judge_removals(
    run: Run,
    histories: PlanHistories,
    files: Files,
    present: Sequence[PortfolioEntry],
    judged: Sequence[PortfolioEntry],
    asked: Collection[str],
    found: Findings,
) -> None:
    """Adds what is found of plans that are missing; without a base of those of the requested files, unless all are requested."""
    portfolio = {run.finder.canonical(source.path) for source in run.finder.portfolio()}
    # Where no pattern says which plans there are, one plan alone is not all of them.
    may_be_all = bool(portfolio) or len(asked) > 1
    are_all_asked = histories.base is not None or (may_be_all and portfolio.issubset(asked))
    try:
        removed = removed_plans(histories, present, are_all_asked and may_be_all)
    except LockError as error:
        found.failures += error.failures
        return
    for each in removed:
        if are_all_asked or any(entry is each.successor for entry in judged):
            _judge_removal(run, histories, files, each, found)


def _judge_removal(
    run: Run, histories: PlanHistories, files: Files, removed: RemovedPlan, found: Findings
) -> None:
    earlier = removed.earlier
    before = earlier.plan if earlier else read_experiment({"id": removed.id})[0]
    source = histories.source(removed.path, earlier.content if earlier else b"")
    try:
        run = run.of(source)
    except PolicyError as error:
        found.failures += error.failures
        return
    if earlier and run.policy.completes_plans:
        from egp.policy.resolving import resolved

        judge = run
        earlier = earlier.completed(
            lambda document, entry: resolved(document, judge.policy, source.in_policy, judge.as_of, entry),
            removed.entry,
        )
        before = earlier.plan
    traits = run.policy.traits_of(before)
    timing = Timing(run.as_of, removed.entry.registered if removed.entry else None)
    adopted = run.policy.adopted(source.in_policy, traits, timing)
    removal = Removal(
        id=removed.id,
        path=source.shown,
        before=earlier.plan if earlier else None,
        lock=removed.entry,
        registered=removed.entry.registered if removed.entry else before.registered,
        as_of=run.as_of,
        successor=removed.successor,
        is_unregistered=removed.is_unregistered,
    )
    organisation = run.policy.organisation(traits.tier)
    answers = answers_of(adopted.alone, adopted.shadow, {"Removal": removal}, organisation, source.shown)
    count(found, answers, run, source.shown)
    if answers.says_something:
        document = source.documents()[earlier.number if earlier else 0]
        said = Findings()
        report(said, answers, document, before.name, files.elsewhere())
        place, line = _place_of_removal(histories, removed.id, document)
        for diagnostics in (said.diagnostics, said.shadow):
            diagnostics[:] = [replace(each, place=place, line=line, missing="") for each in diagnostics]
        found.add(said)


def _place_of_removal(histories: PlanHistories, name: str, document: Document) -> tuple[Place, str]:
    """The plan's entry in the lock, or the top of the file that is no longer there."""
    registered = histories.entry_place(name)
    if registered:
        place, _ = place_in(*registered, on_key=True)
    else:
        place = Place(document.path, document.index, "", Span(Position(1, 1), Position(1, 1)))
    document = registered[0] if registered else document
    return place, document.line(place.span.start.line) if registered else ""
