"""Each plan that is in question among all plans of the repository, whoever owns them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from egp.check.answers import answers_of
from egp.check.reporting import count, report, suppressor_of
from egp.output.report.model import Findings
from egp.plan.experiment import read_experiment
from egp.policy.error import PolicyError
from egp.record.lock_error import LockError
from egp.rules.rule_inputs import Portfolio, PortfolioEntry, PortfolioIndex, entry_of

if TYPE_CHECKING:
    from egp.check.files import Files
    from egp.check.run import JudgedPlan, Run
    from egp.plan.supplied import Moved
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanSource
    from egp.yaml import Document, Path


def judge_together(
    run: Run, files: Files, judged: Sequence[JudgedPlan], asked: Collection[str], found: Findings
) -> PortfolioIndex:
    """Adds what is found by comparing plans; one that the policy's patterns miss is compared with itself alone.

    Returns all plans of the portfolio.
    """
    inside = [each.entry for each in judged if each.source.in_portfolio]
    everyone = [*inside, *_entries_elsewhere(run, files, asked, found)]
    # In an order that is the same whichever of them are in the call: what is said of a plan follows it.
    index = PortfolioIndex(sorted(everyone, key=lambda each: (each.path, each.document)))
    heard: set[str] = set()
    told: dict[str, set[Moved]] = {}
    for each in judged:
        owner = run.of(each.source)
        if each.source.in_portfolio:
            # The first in the call that a policy judges, wherever it stands: others may not be in the call at all.
            is_told = owner.policy.root in heard
            before = told.setdefault(owner.policy.root, set())
            portfolio = Portfolio(each.entry, index, is_told, frozenset(before), _places(owner))
            before |= {*(each.entry.moved or ())}
            heard.add(owner.policy.root)
        else:
            portfolio = Portfolio(each.entry, PortfolioIndex([each.entry]), places=_places(owner))
        _judge_among_others(owner, files, each, portfolio, found)
    return index


def _entries_elsewhere(
    run: Run, files: Files, asked: Collection[str], found: Findings
) -> Iterable[PortfolioEntry]:
    for source in run.finder.portfolio():
        if run.finder.canonical(source.path) not in asked:
            for document in files.read(source, found.failures):
                if isinstance(document.value, dict):
                    yield _entry(run, source, document, found)


def _entry(run: Run, source: PlanSource, document: Document, found: Findings) -> PortfolioEntry:
    """The entry of a plan that is not judged; one whose policy cannot judge stands as its file says it."""
    try:
        policy = run.of(source).policy
        if policy.completes_plans:
            return _completed_entry(run.of(source), policy, source, document)
    except PolicyError:
        pass  # the check of that plan says so
    except LockError as error:
        found.failures += error.failures
    return entry_of(read_experiment(document.value)[0], source.shown, document.index)


def _completed_entry(run: Run, policy: Policy, source: PlanSource, document: Document) -> PortfolioEntry:
    from egp.check.moving import moved_in
    from egp.plan.completing import read_plan
    from egp.policy.resolving import resolved

    name = document.value.get("id") if isinstance(document.value, dict) else None
    entry = run.histories.entries.get(str(name)) if run.histories else None
    document = resolved(document, policy, source.in_policy, run.as_of, entry)
    plan = read_plan(document)[0]
    return entry_of(plan, source.shown, document.index, moved_in(run, source, document, entry))


def _places(run: Run) -> Callable[[Moved], tuple[Document, Path] | None]:
    def find(moved: Moved) -> tuple[Document, Path] | None:
        from egp.check.moving import place_in_policy

        return place_in_policy(run, moved)

    return find


def _judge_among_others(
    run: Run, files: Files, judged: JudgedPlan, portfolio: Portfolio, found: Findings
) -> None:
    path, number = judged.source.shown, judged.entry.document
    adopted = run.policy.adopted(judged.source.in_policy, judged.traits, judged.timing)
    organisation = run.policy.organisation(judged.traits.tier)
    answers = answers_of(adopted.together, adopted.shadow, {"Portfolio": portfolio}, organisation, path)
    count(found, answers, run, path, number)
    if answers.says_something:
        document = files.document(path, number)
        if run.policy.completes_plans:
            from egp.check.moving import completed_in

            document = completed_in(run, judged.source, document)
        suppressor = suppressor_of(run, judged.allowed, document)
        report(found, answers, document, judged.entry.id, files.elsewhere(), judged.named, suppressor)
