"""Reading the shared holdouts that policies define: every mistake at its line, each name defined once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from egp.plan.finding import Failure
from egp.plan.holdouts import HoldoutDefinition, SharedHoldout, mistakes_in
from egp.plan.names import folded, is_plain
from egp.plan.quantity import shown
from egp.plan.typed_reader import ValueProblem, read
from egp.policy.error import invalid_at
from egp.yaml import Document, Path

Holdouts = Mapping[str, SharedHoldout]
"""Id → what it is."""

PART = "holdouts"


def read_holdouts(
    files: Sequence[tuple[Document, Mapping[str, object] | None]],
) -> tuple[dict[str, SharedHoldout], list[Failure]]:
    """The holdouts of policy files, each with what it says under ``holdouts:``, and what is wrong with them."""
    found: dict[str, SharedHoldout] = {}
    failures: list[Failure] = []
    known: dict[str, SharedHoldout] = {}
    for document, written in files:
        for name, value in (written or {}).items():
            at: Path = (PART, name)
            problems: list[ValueProblem] = []
            terms = read(HoldoutDefinition, value, at, problems)
            if not problems:
                problems += mistakes_in(terms, at)
            if not (0 < len(name) <= 100 and is_plain(name) and name == name.strip()):
                advice = "write 1 to 100 printable characters"
                problems.append(ValueProblem(at, "wrong-type", f"{shown(name)} cannot be an id", advice))
            failures += (invalid_at(document, each) for each in problems)
            holdout = SharedHoldout(name, terms, document, at)
            if first := known.get(folded(name)):
                failures.append(_twice(holdout, first))
            elif not problems:
                found[name] = known[folded(name)] = holdout
    return found, failures


def joined(above: Holdouts, own: Holdouts) -> tuple[dict[str, SharedHoldout], list[Failure]]:
    """The holdouts of two policies, and those that both define: a delegated policy adds some, and changes none."""
    known = {folded(name): each for name, each in above.items()}
    failures = [
        _twice(each, known[folded(name)])
        for name, each in own.items()
        if folded(name) in known and each.place != known[folded(name)].place
    ]
    return {**own, **above}, failures


def _twice(holdout: SharedHoldout, first: SharedHoldout) -> Failure:
    message = f"the holdout `{shown(holdout.name)}` is defined a second time; the first is in {first.place}"
    advice = "keep one of the two, or give this one another name"
    return invalid_at(holdout.document, ValueProblem(holdout.at, "unknown-key", message, advice))
