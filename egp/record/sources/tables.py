"""The tables of a warehouse that aggregates are computed from, as a policy file names them under ``sources``."""

# No postponed annotations here: shapes are read from the annotations themselves.

from egp.plan.typed_reader import TypedMapping, field
from egp.stats.hints import Literal


class ExposureTable(TypedMapping):
    needs = ("table",)
    table: str | None = field("Table with one row for each time a unit was served a variant.", "exposures")
    database: str | None = field("Database or schema of the table.", "experiments")
    unit: str = field("Column with the randomisation unit.", "user_id", default="unit")
    experiment: str = field("Column with the id of the experiment.", "experiment", default="experiment")
    variant: str = field("Column with the id of the variant served.", "variant", default="variant")
    at: str = field(
        "Column with the instant, in UTC where it has no time zone.", "served_at", default="exposed_at"
    )
    partition: str | None = field(
        "Column with the day of the instant, by which the table is partitioned: a date, or text as in 2023-01-23.",
        "ds",
    )
    segments: dict[str, str] | None = field(
        "Segment of a plan → column with a unit's value at its first exposure: true or false, or a name."
    )


class EventTable(TypedMapping):
    needs = ("table",)
    table: str | None = field("Table with one row for each event of a unit.", "events")
    database: str | None = field("Database or schema of the table.", "experiments")
    unit: str = field("Column with the randomisation unit.", "user_id", default="unit")
    event: str = field("Column with the name of the event: the id of the metric.", "name", default="event")
    at: str = field(
        "Column with the instant, in UTC where it has no time zone.", "occurred_at", default="happened_at"
    )
    value: str = field("Column with the amount, 1 where it is null.", "amount", default="value")
    partition: str | None = field(
        "Column with the day of the instant, by which the table is partitioned: a date, or text as in 2023-01-23.",
        "ds",
    )


class MetricEvents(TypedMapping):
    event: str | None = field(
        "Event that the metric is computed from; of a ratio, its numerator. Without it, the metric's id.",
        "page_load",
    )
    denominator: str | None = field(
        "Event that a ratio, or a share of analysis units, is divided by.", "order"
    )
    value_unit: Literal["us", "ms", "s"] | None = field("Unit of the values, where they are times.", "ms")


class WarehouseTables(TypedMapping):
    needs = ("exposures", "events")
    exposures: ExposureTable | None = field("Who was served what, when.")
    events: EventTable | None = field("What they did, when.")
    metrics: dict[str, MetricEvents] | None = field("Metric → its events, where they are not named as it is.")
