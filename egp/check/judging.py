"""What became of waivers and of the baseline: put before the rules about them, one file at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

from egp.check.suppressions import Allowances
from egp.record.waivers.allowed import Allowed
from egp.record.waivers.grant import Terms
from egp.rules.rule_inputs import Judgement
from egp.yaml import Document


class Case(NamedTuple):
    """A subject for the rules, and the document that its paths are in."""

    subject: Judgement
    document: Document


def cases_of(allowed: Allowed, plan: Document, allowances: Allowances, as_of: date) -> Iterator[Case]:
    """What the plan, the file of waivers and the baseline have for one experiment."""
    if allowed.own:
        yield Case(Judgement(allowed.experiment, as_of, allowed.own), plan)
    yield from _beside(allowed, allowances, as_of, is_known=True)


def unclaimed(
    allowances: Allowances, present: Collection[str], as_of: date
) -> Iterator[tuple[Allowed, list[Case]]]:
    """What is there for experiments that no plan has."""
    named = {**allowances.listed.by_experiment, **allowances.baseline.by_experiment}
    for name in sorted(named.keys() - set(present)):
        terms = Terms(name, as_of)
        listed, excuses = allowances.grants(name, terms), allowances.excuses(name, terms, ())
        allowed = Allowed(name, listed=listed, excuses=excuses)
        yield allowed, list(_beside(allowed, allowances, as_of, is_known=False))


def _beside(allowed: Allowed, allowances: Allowances, as_of: date, is_known: bool) -> Iterator[Case]:
    """What lies beside the policy for an experiment. Without a baseline in force nobody can tell what it would excuse."""
    listed, baseline = allowances.listed.document, allowances.baseline.document
    if allowed.listed and listed:
        yield Case(Judgement(allowed.experiment, as_of, allowed.listed, is_known=is_known), listed)
    if allowed.excuses and baseline and allowances.are_in_force:
        yield Case(Judgement(allowed.experiment, as_of, excuses=allowed.excuses, is_known=is_known), baseline)
