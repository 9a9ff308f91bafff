"""Each plan that is in question among all plans of the repository, whoever owns them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from egp.check.answers import answers_of
from egp.check.reporting import count, report, suppressor_of
from egp.output.report.model import Findings
from egp.plan.experiment import read_experiment
from egp.rules.rule_inputs import Portfolio, PortfolioEntry, PortfolioIndex, entry_of

if TYPE_CHECKING:
    from egp.check.files import Files
    from egp.check.run import JudgedPlan, Run


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
    for each in judged:
        owner = run.of(each.source)
        if each.source.in_portfolio:
            # The first in the call that a policy judges, wherever it stands: others may not be in the call at all.
            portfolio = Portfolio(each.entry, index, reported_elsewhere=owner.policy.root in heard)
            heard.add(owner.policy.root)
        else:
            portfolio = Portfolio(each.entry, PortfolioIndex([each.entry]))
        _judge_among_others(owner, files, each, portfolio, found)
    return index


def _entries_elsewhere(
    run: Run, files: Files, asked: Collection[str], found: Findings
) -> Iterable[PortfolioEntry]:
    for source in run.finder.portfolio():
        if run.finder.canonical(source.path) not in asked:
            for document in files.read(source, found.failures):
                if isinstance(document.value, dict):
                    yield entry_of(read_experiment(document.value)[0], source.shown, document.index)


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
        suppressor = suppressor_of(run, judged.allowed, document)
        report(found, answers, document, judged.entry.id, files.elsewhere(), judged.named, suppressor)
