"""What amendments declare, and which changes none declares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from egp.plan.analysis.days import first_exposure
from egp.plan.analysis.registered import look_days
from egp.plan.analysis.registered_test import ANALYSIS_FIELD
from egp.plan.digest import Canon
from egp.plan.experiment import Amendment, Experiment
from egp.plan.finding import NotChecked
from egp.record.changes.compare import changes
from egp.record.changes.field_change import FieldChange
from egp.record.changes.weight import weight_of
from egp.yaml import pointer


def added_amendments(before: Experiment | None, after: Experiment) -> list[int]:
    """Positions of the amendments that the older version does not have."""
    left = Counter(_forms(before)) if before else Counter()
    added = []
    for position, form in enumerate(_forms(after)):
        if left[form]:
            left[form] -= 1
        else:
            added.append(position)
    return added


def vanished_amendments(before: Experiment, after: Experiment) -> list[Amendment]:
    """Amendments of the older version that the newer one lacks, or has with other words."""
    return [before.amendments[position] for position in added_amendments(after, before)]


def _forms(plan: Experiment) -> list[str]:
    canon = Canon(plan)
    return [str(canon.mapping(amendment)) for amendment in plan.amendments]


def undeclared(before: Experiment, after: Experiment) -> list[FieldChange]:
    """Changes that need an amendment, and that none of the newer version's own amendments names."""
    return [change for change in unnamed(before, after) if change.needs_amendment]


def unnamed(before: Experiment, after: Experiment) -> list[FieldChange]:
    """Changes that none of the newer version's own amendments names."""
    moved = changes(before, after)
    named = [
        name for position in added_amendments(before, after) for name in after.amendments[position].changes
    ]
    return [change for change in moved if not any(covers(name, change) for name in named)]


def covers(declared: str, change: FieldChange) -> bool:
    """Whether an amendment that names this field, or a part that has it, declares the change."""
    wanted = as_pointer(declared)
    return bool(wanted.strip("/")) and any(
        place == wanted or place.startswith(wanted + "/") for place in (change.name, pointer(change.path))
    )


def as_pointer(declared: str) -> str:
    """A field as an amendment names it: ``/schedule/end``, or ``schedule.end``."""
    text = declared.strip()
    return text.rstrip("/") if text.startswith("/") else "/" + text.replace(".", "/")


def exploratory_amendments(plan: Experiment) -> list[tuple[int, list[str]]]:
    """Amendments made with results seen that could be made to fit these, with the fields that make them so.

    An amendment that names no field may have changed any. One of the analysis alone fits nothing before the look.
    """
    found = []
    for position, amendment in enumerate(plan.amendments):
        if amendment.data_access == "results_seen" and not _names_the_build(plan, amendment):
            early = _precedes_look(plan, amendment)
            names = [
                name
                for name in amendment.changes
                if _may_fit_results(name, amendment) and not (early and as_pointer(name) == ANALYSIS_FIELD)
            ]
            if names or not amendment.changes:
                found.append((position, names))
    return found


def _precedes_look(plan: Experiment, amendment: Amendment) -> bool:
    """Whether nobody can have seen the primary when the amendment was made."""
    try:
        return amendment.on is not None and amendment.on < look_days(plan)[0]
    except NotChecked:
        return False


def _names_the_build(plan: Experiment, amendment: Amendment) -> bool:
    """Whether it says before the first exposure which build is tested: of that there were no results to fit."""
    builds = {"/revision", *(f"/variants/{variant.id}/revision" for variant in plan.variants or ())}
    builds |= {f"/variants/{position}/revision" for position in range(len(plan.variants or ()))}
    if amendment.on is None or not amendment.changes or not set(map(as_pointer, amendment.changes)) <= builds:
        return False
    try:
        return amendment.on < first_exposure(plan)[0]
    except NotChecked:
        return False


def _may_fit_results(name: str, amendment: Amendment) -> bool:
    weight = weight_of(tuple(as_pointer(name).split("/")[1:]))
    return weight == "inferential" or (weight == "operational" and amendment.effect != "tightens")


def names_of(changed: Iterable[FieldChange]) -> list[str]:
    """The changes as an amendment lists them, each field once."""
    return list(dict.fromkeys(change.name for change in changed))
