"""Each plan that is in question among all plans of the repository, whoever owns them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from egp.check.answers import answers_of
from egp.check.copies import Originals
from egp.check.reporting import count, report, suppressor_of
from egp.plan.experiment import read_experiment
from egp.policy.error import PolicyError
from egp.record.lock_error import LockError
from egp.rules.rule_inputs import Portfolio, PortfolioEntry, PortfolioIndex, entry_of
from egp.stats.values import replace
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from egp.check.files import Files
    from egp.check.kept_facts import Making
    from egp.check.run import JudgedPlan, Run
    from egp.output.report.model import Findings
    from egp.plan.experiment import Experiment
    from egp.plan.finding import Failure
    from egp.plan.supplied import Moved
    from egp.policy.model import Policy, RuleSet
    from egp.policy.plan_files import PlanSource
    from egp.yaml import Document, Path

Read = Callable[["PlanSource", "list[Failure]"], "list[PortfolioEntry]"]

MANY = 100
"""Plans from which on it pays to remember what was read of them."""


def judge_together(
    run: Run, files: Files, judged: Sequence[JudgedPlan], asked: Collection[str], found: Findings
) -> PortfolioIndex:
    """Adds what is found by comparing plans; one that the policy's patterns miss is compared with itself alone.

    Where a policy has no patterns, a plan is compared with those in its own folder: never with what happens to be in the call.
    What git does not track is no reason against a plan that it tracks.

    Returns all plans of the portfolio.
    """
    elsewhere = _entries_elsewhere(run, files, asked, found)
    inside = [each for each in judged if each.source.in_portfolio]
    listed = [each for each in inside if run.finder.is_listed(each.source)]
    index = _index([*(each.entry for each in listed), *elsewhere])
    folders = _Folders(run, files, judged)
    originals = Originals(run.finder.folder, run.finder.root)
    heard: dict[tuple[str, str], set[str]] = {}
    told: dict[str, set[Moved]] = {}
    told_holdouts: set[str] = set()
    for each in judged:
        owner = run.of(each.source)
        adopted = owner.policy.adopted(each.source.in_policy, each.traits, each.timing)
        if not each.source.in_portfolio:
            portfolio = Portfolio(each.entry, PortfolioIndex([each.entry]), places=_places(owner))
        else:
            folder = "" if run.finder.is_listed(each.source) else os.path.dirname(each.source.path)
            among = originals.of(folders.index(each) if folder else index, each.entry)
            # By each rule the first in the call that a policy judges by it: others may not be in the call at all.
            asked_before = heard.setdefault((owner.policy.root, folder), set())
            before = told.setdefault(owner.policy.root, set())
            portfolio = Portfolio(
                each.entry, among, frozenset(asked_before), frozenset(before), _places(owner)
            )
            before |= {*(each.entry.moved or ())}
            asked_before |= {rule.rule.id for rule in adopted.together}
        holdout = owner.policy.holdouts.get(each.entry.holdout)
        if holdout is not None:
            is_told = holdout.place in told_holdouts
            told_holdouts.add(holdout.place)
            portfolio = replace(
                portfolio, holdout=holdout, is_holdout_told=is_told, catalogue=owner.policy.metrics
            )
        portfolio = replace(portfolio, whole=partial(_whole, owner, files, each))
        _judge_among_others(owner, files, each, adopted, portfolio, found)
    return index if len(listed) == len(inside) else _index([*(each.entry for each in inside), *elsewhere])


def _index(entries: Iterable[PortfolioEntry]) -> PortfolioIndex:
    """In an order that is the same whichever of them are in the call: what is said of a plan follows it."""
    return PortfolioIndex(sorted(entries, key=lambda each: (each.path, each.document)))


class _Folders:
    """Where no policy says which files are plans, each is compared with those of its own folder, in the call or not.

    A file there is a plan if it has the id of one and a type that plans have.
    """

    def __init__(self, run: Run, files: Files, judged: Sequence[JudgedPlan]) -> None:
        self._run = run
        self._files = files
        self._judged: dict[str, dict[str, list[PortfolioEntry]]] = {}
        """By the folder, and in it by the path of the file."""
        for each in judged:
            of_folder = self._judged.setdefault(os.path.dirname(each.source.path), {})
            of_folder.setdefault(each.source.path, []).append(each.entry)
        self._indices: dict[str, PortfolioIndex] = {}

    def index(self, judged: JudgedPlan) -> PortfolioIndex:
        folder = os.path.dirname(judged.source.path)
        if folder not in self._indices:
            own = self._judged[folder]
            others = self._others(self._run.finder.beside(judged.source), own)
            entries = (entry for of_file in (*own.values(), *map(self._read, others)) for entry in of_file)
            self._indices[folder] = _index([entry for entry in entries if entry.id and entry.type])
        return self._indices[folder]

    def _others(self, beside: Iterable[PlanSource], own: Iterable[str]) -> list[PlanSource]:
        """The files that are not in the call, each once whatever links lead to it."""
        canonical = self._run.finder.canonical
        seen = set(map(canonical, own))
        others = []
        for source in beside:
            if (real := canonical(source.path)) not in seen:
                seen.add(real)
                others.append(source)
        return others

    def _read(self, source: PlanSource) -> list[PortfolioEntry]:
        """The plans of a file that is not in the call, and that may have none: nobody said that it is one."""
        return [
            _entry(self._run, source, document, [])
            for document in self._files.read(source, [])
            if isinstance(document.value, dict)
        ]


def _entries_elsewhere(
    run: Run, files: Files, asked: Collection[str], found: Findings
) -> list[PortfolioEntry]:
    def read(source: PlanSource, failures: list[Failure]) -> list[PortfolioEntry]:
        return [
            _entry(run, source, document, failures)
            for document in files.read(source, failures)
            if isinstance(document.value, dict)
        ]

    if run.neighbours:
        registered = run.histories.entries if run.histories else {}
        return run.neighbours.elsewhere(run.finder, asked, _basis(run), registered, read, found.failures)
    sources = [each for each in run.finder.portfolio() if run.finder.canonical(each.path) not in asked]
    if run.keeps_facts and len(sources) >= MANY:
        return _kept_entries(run, files, sources, read, found.failures)
    return [entry for source in sources for entry in read(source, found.failures)]


def _kept_entries(
    run: Run, files: Files, sources: Sequence[PlanSource], read: Read, failures: list[Failure]
) -> list[PortfolioEntry]:
    """The same, of files that are as they were without parsing them."""
    from egp.check.kept_facts import KeptFacts, as_written

    kept = KeptFacts.of(run.finder)
    if kept is None:
        return [entry for source in sources for entry in read(source, failures)]
    entries: list[PortfolioEntry] = []
    bases: dict[int, str] = {}
    for source in sources:
        try:
            owner = run.of(source)
        except PolicyError:
            making = as_written(source.shown)
        else:
            making = _completing(owner, source, bases) or as_written(source.shown)
        entries += kept.entries(source, files, read, failures, making)
    kept.keep()
    return entries


def _completing(run: Run, source: PlanSource, bases: dict[int, str]) -> Making | None:
    """How the policy of a file completes its plans, and all that this rests on; None where it completes none.

    ``bases`` is what was found of policies before.
    """
    from egp.check.kept_facts import Making
    from egp.record.lock.entries import Entries

    policy = run.policy
    if id(policy) not in bases:
        holdouts = sorted((name, each.place) for name, each in policy.holdouts.items())
        rests_on = (policy.digest, policy.root, run.as_of, run.finder.folder, os.getcwd(), holdouts)
        bases[id(policy)] = repr(rests_on) if policy.completes_plans else ""
    if not bases[id(policy)]:
        return None
    registered = run.histories.entries if run.histories else Entries({})

    def digest(name: str) -> str | None:
        if run.histories is None:
            return ""
        return registered.digest(name) if isinstance(registered, Entries) else None

    def entry(document: Document) -> tuple[PortfolioEntry, Experiment]:
        return _completed_entry(run, policy, source, document)

    basis = sha256(f"{bases[id(policy)]}\n{source.in_policy}".encode("utf-8", "surrogatepass")).hexdigest()
    return Making(entry, basis, digest)


def _basis(run: Run) -> object:
    """What the entries of all plans rest on besides their files: who owns them, and by what a policy completes them."""
    digests = []
    for each in run.finder.territories():
        try:
            policy = run.others.owners.policy(each) if run.others else run.policy
        except PolicyError as error:
            digests.append(str(error))
        else:
            digests.append(policy.digest if policy.completes_plans else "")
    return run.finder.folder, run.as_of, run.finder.territories(), digests


def _entry(run: Run, source: PlanSource, document: Document, failures: list[Failure]) -> PortfolioEntry:
    """The entry of a plan that is not judged; one whose policy cannot judge stands as its file says it."""
    try:
        policy = run.of(source).policy
        if policy.completes_plans:
            return _completed_entry(run.of(source), policy, source, document)[0]
    except PolicyError:
        pass  # the check of that plan says so
    except LockError as error:
        failures += error.failures
    return entry_of(read_experiment(document.value)[0], source.shown, document.index)


def _completed_entry(
    run: Run, policy: Policy, source: PlanSource, document: Document
) -> tuple[PortfolioEntry, Experiment]:
    from egp.check.moving import moved_in
    from egp.plan.completing import read_plan
    from egp.policy.resolving import resolved

    name = document.value.get("id") if isinstance(document.value, dict) else None
    entry = run.histories.entries.get(str(name)) if run.histories else None
    document = resolved(document, policy, source.in_policy, run.as_of, entry)
    plan = read_plan(document)[0]
    return entry_of(plan, source.shown, document.index, moved_in(run, source, document, entry)), plan


def _places(run: Run) -> Callable[[Moved], tuple[Document, Path] | None]:
    def find(moved: Moved) -> tuple[Document, Path] | None:
        from egp.check.moving import place_in_policy

        return place_in_policy(run, moved)

    return find


def _whole(run: Run, files: Files, judged: JudgedPlan) -> Experiment:
    from egp.plan.completing import read_plan

    return read_plan(_document(run, files, judged))[0]


def _document(run: Run, files: Files, judged: JudgedPlan) -> Document:
    document = files.document(judged.source.shown, judged.entry.document)
    if not run.policy.completes_plans:
        return document
    from egp.check.moving import completed_in

    return completed_in(run, judged.source, document)


def _judge_among_others(
    run: Run, files: Files, judged: JudgedPlan, adopted: RuleSet, portfolio: Portfolio, found: Findings
) -> None:
    path, number = judged.source.shown, judged.entry.document
    organisation = run.policy.organisation(judged.traits.tier)
    answers = answers_of(adopted.together, adopted.shadow, {"Portfolio": portfolio}, organisation, path)
    count(found, answers, run, path, number)
    if answers.says_something:
        document = _document(run, files, judged)
        suppressor = suppressor_of(run, judged.allowed, document)
        report(found, answers, document, judged.entry.id, files.elsewhere(), judged.named, suppressor)
