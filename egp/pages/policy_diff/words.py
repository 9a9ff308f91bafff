"""What every report of a comparison says."""

from __future__ import annotations

from egp.output.report import words as report_words
from egp.pages.policy_diff.flips import Flip, PolicyComparison
from egp.pages.policy_diff.settings import SettingDifference
from egp.plan.finding import Diagnostic
from egp.plan.wording import counted, listing
from egp.policy.layers import Origin


def name_of(difference: SettingDifference) -> str:
    """What is set: `minimum-runtime.days for ml/** from 2026-12-01`."""
    subject = difference.subject
    parts = [f"{subject.rule}.{subject.setting}" if subject.rule else subject.setting]
    if subject.applies_to:
        parts.append(f"for {subject.applies_to}")
    if subject.since:
        parts.append(f"from {subject.since}")
    return " ".join(parts)


def old_of(difference: SettingDifference) -> str:
    return difference.old if difference.old is not None else "not set"


def new_of(difference: SettingDifference) -> str:
    return difference.new if difference.new is not None else "not set"


def places(difference: SettingDifference) -> str:
    """The lines that say so."""
    return " → ".join(filter(None, map(_place, (difference.old_origin, difference.new_origin))))


def _place(origin: Origin | None) -> str:
    return str(origin) if origin else ""


def plan_of(flip: Flip) -> str:
    """The plan's file, and which of several documents in it."""
    return report_words.plan_of(flip.path, flip.document)


def reason(each: Diagnostic | str) -> str:
    if isinstance(each, str):
        return each
    return f"{each.rule}: {each.message} (line {each.place.span.start.line})"


def summary(comparison: PolicyComparison) -> str:
    """The comparison in one sentence."""
    changed = counted(len(comparison.differences), "setting")
    if not comparison.plans:
        return f"{changed} changed; no plan was judged"
    flips = (
        f"{len(comparison.now_rejected)} newly rejected, {len(comparison.now_accepted)} newly accepted"
        f" of {counted(comparison.plans, 'plan')}"
    )
    rejected = f"rejected: {comparison.rejected_by_old} before, {comparison.rejected_by_new} after"
    further = len(comparison.further_rejected)
    more = f"; {counted(further, 'plan')} still rejected, now for further reasons" if further else ""
    return f"{changed} changed; {flips} ({rejected}){more}"


FURTHER = "still rejected, for further reasons"
MOST_FURTHER = 5
"""Plans of those that are listed one by one; JSON has all of them."""


def further(comparison: PolicyComparison) -> str:
    """How many plans are rejected for further reasons, and by which rules, the most frequent first."""
    rules = sorted(comparison.further_rules.items(), key=lambda each: (-each[1], each[0]))
    phrase = listing(f"{rule} {number}" for rule, number in rules)
    return f"{counted(len(comparison.further_rejected), 'plan')} ({phrase})"


def further_left(comparison: PolicyComparison) -> str:
    """What is left out of the plans that are reported; empty where nothing is."""
    left = len(comparison.further_rejected) - MOST_FURTHER
    return f"and {counted(left, 'further plan')}" if left > 0 else ""


def titles(comparison: PolicyComparison) -> tuple[tuple[str, tuple[Flip, ...]], tuple[str, tuple[Flip, ...]]]:
    """The two directions in which plans flip."""
    return (
        ("accepted → rejected", comparison.now_rejected),
        ("rejected → accepted", comparison.now_accepted),
    )


def policies(comparison: PolicyComparison) -> str:
    old, new = (each.name_and_version for each in (comparison.old, comparison.new))
    return f"{old} → {new}"
