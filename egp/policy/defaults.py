"""What a policy supplies to plans that leave it out, plain or day by day."""

# No postponed annotations here: shapes are read from the annotations themselves.

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from egp.plan.experiment import (
    DecisionRule,
    Escalation,
    Metric,
    Readouts,
    Rollback,
    Stage,
    Statistics,
    StopRule,
)
from egp.plan.quantity import Share
from egp.plan.typed_reader import TypedMapping, ValueProblem, field, label, listed, read
from egp.policy.layers import DefaultsEntry
from egp.policy.settings import entries_of, since_of
from egp.yaml import Document, Path


class ScheduleDefaults(TypedMapping):
    length: timedelta | None = field(
        "Length of the run; `end` follows from it and from the plan's `start`.", "14d"
    )
    exposure: Share | None = field("Share of the eligible units in the test.", "90%")
    timezone: str | None = field("IANA time zone in which days are counted.", "America/Los_Angeles")


class HoldoutDefaults(TypedMapping):
    none: str | None = field("Why plans have no holdout.", prose=True)
    of: str | None = field("The shared holdout that plans are in.", "shop-2026h1")
    share: Share | None = field("Share of the eligible units that is never treated.", "10%")
    for_: timedelta | None = field(
        "How long it lasts beyond the ramp; `until` follows from it.", "90d", key="for"
    )


class SignerDefaults(TypedMapping):
    needs = ("role",)
    role: str | None = field("Role that signs.", "experimentation_lead")
    by: str | None = field("Who signs for it.", "@xp-lead")


class PlanDefaults(TypedMapping):
    """What plans need not say."""

    from_: date | None = field("The day from which this holds.", "2026-12-01", key="from")
    type: Literal["superiority", "non_inferiority", "rollout", "holdback"] | None = field(
        "What experiments must show.", "superiority"
    )
    unit: str | None = field("Randomisation unit.", "user")
    schedule: ScheduleDefaults | None = field("Length of runs, their exposure and time zone.")
    guardrail_metrics: tuple[Metric, ...] = listed(
        "Guardrails of every plan; a plan adds to them, item by item."
    )
    secondary_metrics: tuple[Metric, ...] = listed("Metrics that inform in every plan.")
    negative_controls: tuple[Metric, ...] = listed("Metrics that no treatment can move, in every plan.")
    statistics: Statistics | None = field("The registered analysis.")
    decision_rule: DecisionRule | None = field("When to ship.")
    ramp: tuple[Stage, ...] = listed("Stages after the readout.")
    holdout: HoldoutDefaults | None = field("Units reserved before the start and never treated.")
    stop_rules: tuple[StopRule, ...] = listed(
        "Rollback criteria of every plan; a plan adds to them, item by item."
    )
    rollback: Rollback | None = field("How the treatment is withdrawn.")
    escalation: Escalation | None = field("Who breaks a tie, and how soon.")
    readouts: Readouts | None = field("Who hears what, how often.")
    data_access: str | None = field("The data analysts work with.", "aggregates")
    sign_offs: tuple[SignerDefaults, ...] = listed("Who signs for which role; the plan adds the day.")


def read_defaults(
    document: Document, written: object, path: Path, problems: list[ValueProblem]
) -> tuple[DefaultsEntry, ...]:
    """The defaults of a policy file or of an override; mistakes are appended to ``problems``."""
    return tuple(_entries(document, written, path, problems))


def _entries(
    document: Document, written: object, path: Path, problems: list[ValueProblem]
) -> Iterator[DefaultsEntry]:
    latest: date | None = None
    if written == []:
        problems.append(
            ValueProblem(path, "wrong-type", "defaults is an empty list", "write what plans need not say")
        )
    for entry in entries_of(written, path):
        content = read(PlanDefaults, entry.written, entry.path, problems)
        problems.extend(_unusable(content, entry.path))
        if not isinstance(entry.written, dict):
            continue
        is_day = content.from_ is not None or "from" not in entry.written  # else that was said already
        since = since_of("defaults", entry, entry.written, latest, problems) if is_day else None
        latest = since or latest
        value = {
            key: item for key, item in entry.written.items() if key != "from" and not key.startswith("x-")
        }
        yield DefaultsEntry(value, document, entry.path, since)


def _unusable(content: PlanDefaults, path: Path) -> Iterator[ValueProblem]:
    day = timedelta(days=1)
    length = content.schedule.length if content.schedule else None
    if length is not None and (length < day or length % day):
        at = (*path, "schedule", "length")
        yield ValueProblem(
            at, "wrong-type", f"{label(at)} is no number of days", "write whole days, as in 14d"
        )
    lasting = content.holdout.for_ if content.holdout else None
    if lasting is not None and lasting < day:
        at = (*path, "holdout", "for")
        yield ValueProblem(at, "wrong-type", f"{label(at)} is less than a day", "write days, as in 90d")
