"""The plan that is judged is the plan that was registered.

A plan that was changed once results were in sight proves what it was changed to prove. The lock has the digest of the
plan as it was registered or last amended; any other plan holds, until it is amended with `egp amend` or restored. A
plan that was registered on or after the day of its start holds too, and so does one that was archived. Where the plan was amended with results seen in
a way that could be made to fit them, its analysis is exploratory: no launch can rest on it, only a new experiment.

The lock also says for which analysis the plan was registered. A release of egp that tests otherwise does not judge it
until an amendment says so, which before the look is not exploratory: nobody has seen what it could be made to fit.
The receipt of a plan that was judged by its own analysis is replayed all the same; the replay says by which one each
of the two judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.plan.analysis.days import first_exposure
from egp.plan.analysis.registered_test import ANALYSIS, amending_analysis
from egp.plan.supplied import moves_in_words
from egp.plan.wording import listing
from egp.record.changes import exploratory_amendments
from egp.record.lock import Registration
from egp.rules.rule import Params


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    entry = readout.registration
    if entry is None:
        yield Reading(
            "fail",
            "the plan has no entry in the lock",
            observed="not registered",
            required="an entry in egp.lock",
            kind="repair",
            next="a plan is registered before its start; register a new one for a rerun",
        )
        return
    yield _same_plan(readout, entry)
    if readout.is_decision:
        yield from _exploratory(readout, entry)


def _same_plan(readout: Readout, entry: Registration) -> Reading:
    if entry.archived:
        return Reading(
            "fail",
            f"the experiment was archived on {entry.archived}: it is over, and nothing of it is entered any more",
            observed=f"archived on {entry.archived}",
            required="an experiment that is not over",
            kind="repair",
            next="register a new experiment, with an id of its own",
        )
    start, _ = first_exposure(readout.plan)
    if not readout.digest:
        message = "the plan has errors, so that it cannot be compared with its registration"
        return _differs(message, "not readable", "egp check says where; restore the registered plan")
    if readout.digest != entry.current_digest:
        message = "the plan is not the one that was registered: it was changed since"
        if readout.moved:
            message = f"the plan is not the one that was registered: {moves_in_words(readout.moved)}"
        return _differs(
            message, _short(readout.digest), "restore the plan, or amend it with egp amend", entry
        )
    if entry.registered is None or entry.registered >= start:
        message = (
            f"the plan was registered on {entry.registered}, and the first units were treated on {start}"
        )
        return _differs(message, str(entry.registered), "register a rerun before it starts")
    if entry.current_analysis not in (ANALYSIS, readout.judged_by):
        return _other_analysis(entry)
    amended = f", amended on {entry.amended[-1].on}" if entry.amended else ""
    return Reading(
        "pass",
        f"registered on {entry.registered}{amended}, and unchanged since",
        observed=_short(readout.digest),
        required=_short(entry.current_digest),
    )


def _other_analysis(entry: Registration) -> Reading:
    """Whoever updates egp must not move the plan's goalposts with it."""
    return Reading(
        "fail",
        f"the plan was registered for analysis {entry.current_analysis}, and this egp judges by analysis {ANALYSIS}",
        observed=f"analysis {entry.current_analysis}",
        required=f"analysis {ANALYSIS}",
        kind="repair",
        next=f"judge it with the egp that it was registered with, or {amending_analysis(entry.path)}",
    )


def _differs(message: str, observed: str, next: str, entry: Registration | None = None) -> Reading:
    required = _short(entry.current_digest) if entry else "the registered plan"
    return Reading("fail", message, observed=observed, required=required, kind="repair", next=next)


def _short(digest: str) -> str:
    version, _, value = digest.rpartition(":")
    return f"{version}:{value[:12]}"


def _exploratory(readout: Readout, entry: Registration) -> Iterator[Reading]:
    stained = [names for _, names in exploratory_amendments(readout.plan)]
    declared = sum(each.data_access == "results_seen" for each in readout.plan.amendments)
    attested = sum(each.data_access == "results_seen" for each in entry.amended)
    if not stained and attested <= declared:
        return
    fields = listing(sorted({name for names in stained for name in names})) or "the plan"
    yield Reading(
        "fail",
        f"{fields} was amended with results seen: the analysis is exploratory, and nothing ships on it",
        observed="exploratory",
        required="an analysis agreed before any result",
        kind="inconclusive",
        next="keep control, and register a rerun with the analysis as it is now",
    )


PLAIN = "the plan is not the one that was agreed"
"""What it means that the check is open, for people who read no statistics."""
