"""What has been seen of an experiment so far: aggregates of its units, never the units themselves.

``docs/results.md`` tells the windows with a picture and the SQL. The JSON Schema is generated from this module.
"""

# No postponed annotations here: shapes are read from the annotations themselves.

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from operator import attrgetter

from egp.plan.quantity import Moment, Share
from egp.plan.typed_reader import Name, TypedMapping, field, listed
from egp.stats.hints import Literal
from egp.stats.values import fields, frozen

DIGEST_VERSION = "v1"

Day = date
Window = Literal["cohort", "week", "day", "total"]

CANARY = "canary"
TEST = "test"
FIRST_WEEK = "first_week"
"""The segment of units that were first exposed in the first seven days of a stage."""


class StageEntry(TypedMapping):
    needs = ("treated", "entered")
    treated: Share | None = field("Treated share of the stage, as in the plan's ramp.", "70%")
    entered: Moment | None = field(
        "The instant from which this share was served, with its offset.", "2023-02-07T08:00:00-08:00"
    )
    revision: str | None = field(
        "The build served in this stage, when it differs from `revision`.", "web-8902"
    )


class FrozenReadout(TypedMapping):
    """The rows that a look was read from the first time, or that were reviewed since. No others count."""

    needs = ("look", "rows")
    look: Moment | None = field("The look.", "2023-02-06")
    rows: dict[str, str] | None = field("Metric → digest of the rows that it was judged on.")


class Results(TypedMapping):
    """Results of one experiment as of one instant."""

    needs = ("experiment", "as_of")
    experiment: Name | None = field("Id of the plan; results of another plan are refused.", "pdp-buy-now")
    as_of: Moment | None = field(
        "The instant at which the aggregates were taken, with its offset.", "2023-02-07T08:00:00-08:00"
    )
    revision: str | None = field("The build that is served to the treated units.", "web-8841")
    stages: tuple[StageEntry, ...] = listed("The stages of the ramp that were entered, in order.")
    readouts: tuple[FrozenReadout, ...] = listed(
        "Readouts that were made, as the receipts of the gate have them; no input of the verdict's digest."
    )
    aggregates: str | None = field(
        "File with the rows, CSV or Parquet, relative to this one and inside the repository, links followed.",
        "pdp-buy-now.csv",
    )
    rows: tuple[object, ...] = listed(
        "The rows, written here: a mapping of columns each. They stand beside those of `aggregates`."
    )
    row_count: int | None = field(
        "How many rows were written, so that a file that was cut off is not taken for a variant that fell silent.",
        "294",
    )


COLUMNS: dict[str, str] = {
    "stage": "`test`, `canary`, or the treated share of a stage of the ramp, as in 70%.",
    "window": "What the date means and which units the row holds: `cohort`, `week`, `day` or `total`.",
    "date": "Cohort: the day of first exposure. Day: the day. Week: its first day. Total: empty.",
    "variant": "Id of the variant. In a stage of the ramp, control is every unit that is not treated.",
    "metric": "Id of the metric.",
    "segment": "Segment that the row is restricted to; empty for all units.",
    "units": "Distinct randomisation units in the row.",
    "sum": "Sum of the metric over the units (ratio: of its numerator; share of analysis units: of their successes).",
    "sum_squares": "Sum of the squared values of the units. A proportion of randomisation units needs none.",
    "denominator_sum": "Ratio: sum of the denominator over the units. Share of analysis units: their number.",
    "denominator_sum_squares": "Ratio: sum of the squared denominators.",
    "cross_sum": "Ratio: sum of numerator times denominator.",
    "covariate_sum": "CUPED: sum of the covariate, taken before the first exposure.",
    "covariate_sum_squares": "CUPED: sum of the squared covariates.",
    "covariate_cross_sum": "CUPED: sum of metric times covariate. Of a ratio the covariate is one, too, and this its numerator times the metric's.",
    "covariate_denominator_sum": "CUPED of a ratio: sum of the covariate's denominator.",
    "covariate_denominator_sum_squares": "CUPED of a ratio: sum of the squared denominators of the covariate.",
    "covariates_cross_sum": "CUPED of a ratio: sum of the covariate's numerator times its denominator.",
    "covariate_denominator_cross_sum": "CUPED of a ratio: sum of the metric's numerator times the covariate's denominator.",
    "denominator_covariate_cross_sum": "CUPED of a ratio: sum of the metric's denominator times the covariate's numerator.",
    "denominators_cross_sum": "CUPED of a ratio: sum of the metric's denominator times the covariate's.",
    "value": "Quantile: the variant's value, times with their unit, as in 1912ms.",
    "standard_error": "Quantile: the standard error of the value, over randomisation units.",
    "through": "Last day whose outcomes are counted (cohort and total).",
}
"""Column → what it holds. Every other column is refused."""

NEEDED_COLUMNS = ("stage", "window", "variant", "metric", "units")
"""Columns without which no row can be read."""

SUMS = ("sum", "sum_squares")
DENOMINATOR_SUMS = ("denominator_sum", "denominator_sum_squares", "cross_sum")
COVARIATE_SUMS = ("covariate_sum", "covariate_sum_squares", "covariate_cross_sum")
RATIO_COVARIATE_SUMS = (
    "covariate_denominator_sum", "covariate_denominator_sum_squares", "covariates_cross_sum",
    "covariate_denominator_cross_sum", "denominator_covariate_cross_sum", "denominators_cross_sum",
)  # fmt: skip
"""What the covariate of a ratio, a ratio itself, has beside the sums of its numerator."""
VALUES = ("value", "standard_error")


@frozen
class Row:
    """One line of aggregates: some units of one variant, and what they did.

    Times are in seconds and rates are fractions, as everywhere. ``stage`` is spelt by ``stage_name``. ``metric``
    always names a metric of the plan: a row that counts units alone does not exist. What the metric's kind does
    not have is None.
    """

    stage: str
    window: Window
    date: Day | None
    variant: str
    metric: str
    segment: str
    units: int
    sum: float | None = None
    sum_squares: float | None = None
    denominator_sum: float | None = None
    denominator_sum_squares: float | None = None
    cross_sum: float | None = None
    covariate_sum: float | None = None
    covariate_sum_squares: float | None = None
    covariate_cross_sum: float | None = None
    covariate_denominator_sum: float | None = None
    covariate_denominator_sum_squares: float | None = None
    covariates_cross_sum: float | None = None
    covariate_denominator_cross_sum: float | None = None
    denominator_covariate_cross_sum: float | None = None
    denominators_cross_sum: float | None = None
    value: float | None = None
    standard_error: float | None = None
    through: Day | None = None

    @property
    def key(self) -> tuple[str, str, Day, str, str, str]:
        """What no two rows share; it orders rows, too."""
        return (self.stage, self.window, self.date or Day.min, self.variant, self.metric, self.segment)


@frozen
class Seen:
    """What there is of one stage, window, day, variant and metric, in whatever segments."""

    stage: str
    window: Window
    date: Day | None
    variant: str
    metric: str
    units: int
    """Most units of a row: there are at least so many different ones."""
    through: Day | None
    """The last day through which a row counts outcomes."""
    rows: int


@frozen
class About:
    """What a row that is refused says it is about; empty or None for what cannot be read either."""

    stage: str = ""
    window: str = ""
    date: Day | None = None
    variant: str = ""
    metric: str = ""


@frozen
class RowRefusal:
    """Why something in the results cannot be used, and what to change. No refused row is among the evidence."""

    path: str
    """The file as it is shown."""
    line: int
    """Its line in the file; 0 where the file has none."""
    row: int
    """Number of the row, the first one being 1; 0 for what is not about one row."""
    column: str
    message: str
    help: str
    about: tuple[About, ...] | None = None
    """The rows that are lost with it; None where that is not known."""

    @property
    def lost(self) -> tuple[About, ...]:
        """What the refused rows would have said. A row of which nothing can be read may be about anything."""
        if self.about is None:
            return (About(),) if self.row else ()
        return self.about

    @property
    def place(self) -> str:
        """ "pdp-buy-now.csv:14, row 13, column units"."""
        file = f"{self.path}:{self.line}" if self.line else self.path
        parts = [file, f"row {self.row}" if self.row else "", f"column {self.column}" if self.column else ""]
        return ", ".join(part for part in parts if part)


@frozen
class StageCounts:
    """What a source counted in a stage beside its rows: what keeps units and what they did out of them, or doubles it."""

    stage: str
    units: int
    """All units that were served."""
    crossed: int = 0
    """Units that were served more than one variant, and are in no row."""
    repeated: int = 0
    """Units with an exposure that is there more than once, to the same instant."""
    exposures_without: int = 0
    """Exposures that lack their unit, variant or instant."""
    events_without: int = 0
    """Events that lack their unit or instant."""


@frozen
class LeftOut:
    """A metric that a source does not compute, and what it lacks for that: its rows can come from the results file."""

    metric: str
    why: str


@frozen
class Evidence:
    """Results with every row that could be relied on, in the order of their keys, and why the others could not.

    Of a file with very many rows, those of segments that no metric is measured on are not among them, but in ``of_segments``.
    """

    results: Results
    as_of: datetime
    rows: tuple[Row, ...]
    problems: tuple[RowRefusal, ...]
    digest: str
    """Of the results and rows as read: the same for CSV, Parquet and a warehouse, and for any order of rows."""
    counts: tuple[StageCounts, ...] = ()
    """As far as the source of the rows knows; a stage without an entry may have had some."""
    left_out: tuple[LeftOut, ...] = ()
    read_beyond: Mapping[tuple[str, str], date] | None = None
    """Stage and variant → the last day on which an absent row was not cut off; None where the rows are known to be all."""
    of_segments: tuple[Seen, ...] = ()
    """What rows that nothing is compared with tell: that there were units."""


def stage_name(treated: float) -> str:
    """How rows spell a stage of the ramp: 70%, 12.5%."""
    return f"{treated * 100:.9f}".rstrip("0").rstrip(".") + "%"


def results_digest(results: Results, rows: Iterable[Row]) -> str:
    """Digest of what was seen."""
    return digest_of_lines(
        results, sorted(_canonical([*_cells(row), row.through, *_later(row)]) for row in rows)
    )


def digest_of_lines(results: Results, lines: Iterable[str]) -> str:
    """The same of what each row says, in order."""
    from hashlib import sha256

    header: list[object] = [results.experiment, results.as_of, results.revision]
    header += [part for stage in results.stages for part in (stage.treated, stage.entered, stage.revision)]
    digest = sha256(_canonical(header).encode("utf-8", "surrogatepass"))
    for line in lines:
        digest.update(f"\n{line}".encode("utf-8", "surrogatepass"))
    return f"{DIGEST_VERSION}:sha256:{digest.hexdigest()}"


def rows_digest(rows: Iterable[Row]) -> str:
    """Digest of some rows, whatever the day through which their outcomes are counted."""
    from hashlib import sha256

    text = "\n".join(sorted(_canonical([*_cells(row), *_later(row)]) for row in rows))
    return f"{DIGEST_VERSION}:sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


_cells = attrgetter(*(name for name in fields(Row) if name not in ("through", *RATIO_COVARIATE_SUMS)))


def _later(row: Row) -> list[object]:
    """Cells that came later than digests did: where a row has none, its digest is what it was."""
    found: list[object] = [getattr(row, name) for name in RATIO_COVARIATE_SUMS]
    return [] if found == [None] * len(found) else found


def _canonical(values: Iterable[object]) -> str:
    return repr([_word(value) for value in values])


def _word(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value
